import type { RootFacts } from '../contracts/sampling.ts';
import { createSampler } from '../sampling/sampler.ts';
import type { Policy } from '../sampling/policy.ts';

/** What a policy would do to the commonest noise; undefined: no rule of it is about that. */
export interface NoiseFacts {
  /** The greater share of empty polls of Kafka and SQS that is kept, 0 to 1. */
  readonly pollsKept: number | undefined;
  readonly healthKept: number | undefined;
}

const KAFKA = root('kafka.consume', 'orders', { 'span.kind': 'consumer', 'messaging.system': 'kafka' });
const SQS = root('aws.request', 'receiveMessage https://sqs.example/q', {
  'aws.operation': 'receiveMessage',
  'messaging.batch.message_count': 0,
});
const HEALTH = root('web.request', 'GET /health', {
  'span.kind': 'server',
  'http.method': 'GET',
  'http.url': 'http://service/health',
});

/** Asks the policy itself, by roots as dd-trace makes them. */
export function noiseFacts(policy: Policy): NoiseFacts {
  const kept = (facts: RootFacts): number | undefined => {
    const verdict = createSampler({ policy }).judge({
      traceId: 1n,
      root: facts,
      llm: false,
      error: false,
      manualKeep: false,
      hasSpan: () => false,
    });
    return verdict.rule === undefined ? undefined : verdict.rate;
  };
  const [kafka, sqs] = [kept(KAFKA), kept(SQS)];
  return {
    pollsKept: kafka === undefined || sqs === undefined ? undefined : Math.max(kafka, sqs),
    healthKept: kept(HEALTH),
  };
}

function root(name: string, resource: string, tags: Readonly<Record<string, string | number>>): RootFacts {
  return { name, resource, service: 'service', tag: (key) => tags[key] };
}
