import { stackFrames } from '../../kernel/stack-frames.ts';
import type { ContentRule } from '../../redaction/content.ts';
import { type RedactText, redactTexts } from '../../redaction/text.ts';
import type { ContentFilter } from '../../wire/otlp/readable-span.ts';

/** Namespaces whose attributes may quote prompts, answers and documents; what is new in them goes, too. */
const NAMESPACES =
  /^(?:gen_ai|llm|traceloop|ai|openinference|input|output|retrieval|reranker|embedding|document|message|tool|exception)\./;

/** Of these namespaces, texts that quote nothing: names, ids, models, types. Numbers and switches stay without that. */
const KEPT = new Set([
  'gen_ai.operation.name',
  'gen_ai.provider.name',
  'gen_ai.system',
  'gen_ai.request.model',
  'gen_ai.request.encoding_formats',
  'gen_ai.response.id',
  'gen_ai.response.model',
  'gen_ai.response.finish_reasons',
  'gen_ai.output.type',
  'gen_ai.token.type',
  'gen_ai.conversation.id',
  'gen_ai.data_source.id',
  'gen_ai.agent.id',
  'gen_ai.agent.name',
  'gen_ai.agent.version',
  'gen_ai.workflow.name',
  'gen_ai.prompt.name',
  'gen_ai.tool.name',
  'gen_ai.tool.type',
  'gen_ai.tool.call.id',
  'gen_ai.evaluation.name',
  'gen_ai.evaluation.score.label',
  'gen_ai.openai.request.service_tier',
  'gen_ai.openai.response.service_tier',
  'gen_ai.openai.response.system_fingerprint',
  'llm.model_name',
  'llm.provider',
  'llm.system',
  'llm.vendor',
  'llm.request.type',
  'llm.request.model',
  'llm.response.model',
  'traceloop.span.kind',
  'traceloop.entity.name',
  'traceloop.entity.path',
  'traceloop.workflow.name',
  'openinference.span.kind',
  'ai.operationId',
  'ai.model.id',
  'ai.model.provider',
  'ai.telemetry.functionId',
  'ai.response.id',
  'ai.response.model',
  'ai.response.finishReason',
  'ai.toolCall.name',
  'ai.toolCall.id',
  'input.mime_type',
  'output.mime_type',
  'tool.name',
  'tool.id',
  'embedding.model_name',
  'exception.type',
]);

const STACKTRACE = 'exception.stacktrace';

/** What is not in a namespace of semantic conventions for infrastructure: attributes of the application's own. */
const OWN =
  /^(?!(?:service|telemetry|host|os|process|container|k8s|cloud|deployment|http|url|server|client|network|net|db|messaging|rpc|code|thread|otel|aws|user_agent|faas|dd|_dd)\.)/;

/** Events that stay without content: what went wrong, and how an answer was judged. */
const KEPT_EVENTS = new Set(['exception', 'gen_ai.evaluation.result']);

/**
 * What of a span's content may be kept; undefined keeps everything. The one place where redaction meets OTLP: it is
 * asked for every attribute of every span, event and link before the journal (law L13).
 */
export function contentFilter(rule: ContentRule): ContentFilter | undefined {
  switch (rule.capture) {
    case 'full':
      return undefined;
    case 'none':
      return NO_CONTENT;
    case 'redacted':
      return redacting(rule.redact);
  }
}

const NO_CONTENT: ContentFilter = {
  attribute(key, value) {
    if (!NAMESPACES.test(key) || KEPT.has(key)) return value;
    if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return value;
    return key === STACKTRACE ? stackFrames(value) : undefined;
  },
  event: (name) => KEPT_EVENTS.has(name) || !NAMESPACES.test(name),
  statusMessage: () => undefined,
};

/** Texts of LLM work and of the application's own are looked through; names of models, operations and ids are not. */
function redacting(redact: RedactText): ContentFilter {
  return {
    attribute: (key, value) => (KEPT.has(key) || !OWN.test(key) ? value : redactTexts(value, redact)),
    event: () => true,
    statusMessage: redact,
  };
}
