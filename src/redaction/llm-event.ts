import { stackFrames } from '../kernel/stack-frames.ts';
import type { ContentRule } from './content.ts';
import { redactTexts } from './text.ts';

type Event = Readonly<Record<string, unknown>>;

/** What stays of an event's `meta`: nothing that quotes a prompt, an answer or a document. What is new goes, too. */
const KEPT_META = ['span.kind', 'model_name', 'model_provider', 'agent_attribution', 'error.type'] as const;

/**
 * An LLM span event with no more content than allowed, before it enters the journal (law L13). With `none`, input,
 * output, tool definitions, texts among the metadata and the messages of errors go; names, models, metrics, numeric
 * parameters, tags, the types of errors and the frames of their stacks stay. With `redacted`, every text of `meta` and
 * of the tags is looked through. The event that was given is not changed.
 */
export function redactEvent(event: Event, rule: ContentRule): Event {
  if (rule.capture === 'full') return event;
  if (rule.capture === 'redacted') {
    const { meta, tags } = event;
    return {
      ...event,
      meta: redactMeta(meta, rule),
      ...(Array.isArray(tags) && { tags: redactTags(tags, rule) }),
    };
  }
  const meta: Event = isObject(event['meta']) ? event['meta'] : {};
  const kept: Record<string, unknown> = {};
  for (const key of KEPT_META) if (meta[key] !== undefined) kept[key] = meta[key];
  if (meta['error.stack'] !== undefined) kept['error.stack'] = stackFrames(meta['error.stack']);
  if (isObject(meta['metadata'])) kept['metadata'] = parametersOf(meta['metadata']);
  return { ...event, meta: { ...kept, input: {}, output: {} } };
}

/** What names the span and its model is no content, and a model's version may look like an address. */
function redactMeta(meta: unknown, { redact }: Redacted): unknown {
  const redacted = redactTexts(meta, redact);
  if (!isObject(meta) || !isObject(redacted)) return redacted;
  const kept: Record<string, unknown> = {};
  for (const key of KEPT_META) if (meta[key] !== undefined) kept[key] = meta[key];
  return { ...redacted, ...kept };
}

type Redacted = Extract<ContentRule, { capture: 'redacted' }>;

/** Tags that the tracer writes itself: versions and ids, which are not looked through. */
const TRACER_TAGS =
  /^(?:service|env|version|ml_app|source|language|error|error_type|integration|session_id|ddtrace\.version|keepspan\.version):/;

function redactTags(tags: readonly unknown[], { redact }: Redacted): readonly unknown[] {
  return tags.map((tag) => (typeof tag === 'string' && !TRACER_TAGS.test(tag) ? redact(tag) : tag));
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
