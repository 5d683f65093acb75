import type { Tracer } from '@opentelemetry/api';
import { TEXT } from './life.ts';

/** The finished LLM span that every row on OpenTelemetry makes: `gen_ai` attributes, the prompt begins with `mark`. */
export function llmSpan(tracer: Tracer, mark: string): void {
  const span = tracer.startSpan('chat model');
  span.setAttributes({
    'gen_ai.operation.name': 'chat',
    'gen_ai.request.model': 'model',
    'gen_ai.input.messages': `${mark} ${TEXT}`,
    'gen_ai.output.messages': TEXT,
  });
  span.end();
}
