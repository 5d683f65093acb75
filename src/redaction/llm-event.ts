import { stackFrames } from '../kernel/stack-frames.ts';

/** How much of prompts and completions is kept (`KEEPSPAN_CAPTURE_CONTENT`). */
export type ContentCapture = 'full' | 'none';

type Event = Readonly<Record<string, unknown>>;

/** What stays of an event's `meta`: nothing that quotes a prompt, an answer or a document. What is new goes, too. */
const KEPT_META = ['span.kind', 'model_name', 'model_provider', 'agent_attribution', 'error.type'] as const;

/**
 * An LLM span event with no more content than allowed, before it enters the journal (law L13). With `none`, input,
 * output, tool definitions, texts among the metadata and the messages of errors go; names, models, metrics, numeric
 * parameters, tags, the types of errors and the frames of their stacks stay. The event that was given is not changed.
 */
export function redactEvent(event: Event, capture: ContentCapture): Event {
  if (capture === 'full') return event;
  const meta: Event = isObject(event['meta']) ? event['meta'] : {};
  const kept: Record<string, unknown> = {};
  for (const key of KEPT_META) if (meta[key] !== undefined) kept[key] = meta[key];
  if (meta['error.stack'] !== undefined) kept['error.stack'] = stackFrames(meta['error.stack']);
  if (isObject(meta['metadata'])) kept['metadata'] = parametersOf(meta['metadata']);
  return { ...event, meta: { ...kept, input: {}, output: {} } };
}

/** The numbers and switches among a span's metadata: temperatures, limits, counts. */
function parametersOf(metadata: Event): Record<string, number | boolean> {
  const kept: Record<string, number | boolean> = {};
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value === 'number' || typeof value === 'boolean') kept[key] = value;
  }
  return kept;
}

function isObject(value: unknown): value is Event {
  return typeof value === 'object' && value !== null;
}
