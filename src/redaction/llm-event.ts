/** How much of prompts and completions is kept (`KEEPSPAN_CAPTURE_CONTENT`). */
export type ContentCapture = 'full' | 'none';

type Event = Readonly<Record<string, unknown>>;

/**
 * An LLM span event with no more content than allowed, before it enters the journal (law L13). With `none`, input,
 * output and tool definitions go; names, models, metrics, parameters, tags and errors stay. The event that was
 * given is not changed.
 */
export function redactEvent(event: Event, capture: ContentCapture): Event {
  if (capture === 'full') return event;
  const meta = event['meta'];
  if (typeof meta !== 'object' || meta === null) return event;
  const { tool_definitions: _tools, ...kept } = meta as Record<string, unknown>;
  return { ...event, meta: { ...kept, input: {}, output: {} } };
}
