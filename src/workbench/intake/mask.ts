import { type Fields, isFields } from '../../wire/datadog/decode-values.ts';
import { redactEvent } from '../../redaction/llm-event.ts';
import { redactMetric } from '../../redaction/metric.ts';

const MASKED = '[masked]';

/** Attributes that hold prompts, answers and documents, by name or by its beginning. */
const CONTENT =
  /^(?:gen_ai\.(?:input|output|prompt|completion|system_instructions|tool\.call\.(?:arguments|result)|tool\.definitions|retrieval\.(?:documents|query))|traceloop\.entity\.(?:input|output)|llm\.(?:prompts|completions)|gen_ai\.evaluation\.explanation|keepspan\.evaluation\.(?:metadata|value)|exception\.(?:message|stacktrace)|input\.value|output\.value)/;

/** Attributes with what people wrote taken out of those that are known to hold it. */
export function maskAttributes(attributes: Fields): Fields {
  const kept: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(attributes)) {
    Object.defineProperty(kept, key, {
      value: CONTENT.test(key) && !/tokens|_messages_count|\.role$|finish_reason/.test(key) ? MASKED : value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return kept;
}

/** The `detail` of an OTLP span without content: attributes, those of its events, and the message of its status. */
export function maskOtlpDetail(detail: Fields): Fields {
  const events = Array.isArray(detail['events']) ? (detail['events'] as readonly unknown[]) : [];
  const masked = (owner: Fields): Fields => ({
    ...owner,
    attributes: maskAttributes(isFields(owner['attributes']) ? owner['attributes'] : {}),
  });
  return {
    ...masked(detail),
    events: events.map((event) => (isFields(event) ? masked(event) : event)),
    ...(detail['statusMessage'] === undefined ? {} : { statusMessage: MASKED }),
  };
}

/** Tags of an APM span that quote prompts, answers or the messages of errors. */
const CONTENT_TAG =
  /prompt|completion|\bcontent\b|\.messages?\.|error\.(?:message|msg|stack)|^openai\.re(?:quest|sponse)\.(?!model)/i;

/** The `detail` of a Datadog span without content. */
export function maskDatadogDetail(detail: Fields): Fields {
  const meta = isFields(detail['meta']) ? detail['meta'] : {};
  const kept = Object.entries(meta).map(([key, value]) => [key, CONTENT_TAG.test(key) ? MASKED : value]);
  const masked = { ...detail, meta: Object.fromEntries(kept) as Fields };
  return 'spanEvents' in detail ? { ...masked, spanEvents: undefined } : masked;
}

/** As `KEEPSPAN_CAPTURE_CONTENT=none` leaves an event: names, models, metrics and numbers. */
export const maskEvent = (event: Fields): Fields => redactEvent(event, { capture: 'none' });

export const maskMetric = (metric: Fields): Fields => {
  const kept = redactMetric(metric, { capture: 'none' });
  return 'json_value' in kept ? { ...kept, json_value: {} } : kept;
};

/** A message's first words may be a prompt as well: nothing of it stays but its length. */
export const maskMessage = (message: string): string => `[masked: ${message.length} characters]`;
