import type { Agent } from '../e2e/support/agent.ts';

/** An LLM span event as it arrived. */
export interface LlmEvent {
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_id: string;
  readonly name: string;
  /** Nanoseconds. */
  readonly duration: number;
  readonly start_ns: number;
  readonly status: string;
  readonly tags: readonly string[];
  readonly meta: Readonly<Record<string, unknown>> & {
    readonly input: { readonly value?: string; readonly messages?: unknown };
    readonly output: { readonly value?: string; readonly messages?: unknown };
  };
}

/** JSON bodies that reached the stand-in. */
function bodies(agent: Agent): unknown[] {
  return Buffer.from(agent.everything(), 'latin1')
    .toString('utf8')
    .split('\n')
    .flatMap((line) => {
      if (!line.startsWith('[{"_dd.stage"') && !line.startsWith('{"data":')) return [];
      return [JSON.parse(line) as unknown];
    });
}

/** Every LLM span event that reached the stand-in. */
export function llmEvents(agent: Agent): LlmEvent[] {
  return bodies(agent)
    .filter((body) => Array.isArray(body))
    .flat()
    .flatMap((batch) => (batch as { spans: LlmEvent[] }).spans);
}

/** Every evaluation that reached the stand-in. */
export function evaluations(agent: Agent): Record<string, unknown>[] {
  return bodies(agent)
    .filter((body) => !Array.isArray(body))
    .flatMap(
      (body) =>
        (body as { data: { attributes: { metrics: Record<string, unknown>[] } } }).data.attributes.metrics,
    );
}
