import type { TraceFacts } from '../../src/contracts/sampling.ts';

export interface FactsInput {
  readonly traceId?: bigint;
  readonly name?: string;
  readonly resource?: string;
  readonly service?: string;
  readonly tags?: Readonly<Record<string, string | number>>;
  readonly rootless?: boolean;
  readonly llm?: boolean;
  readonly error?: boolean;
  readonly manualKeep?: boolean;
  readonly spanIds?: readonly bigint[];
}

/** A trace as the sampler sees it, made by hand. */
export function facts(input: FactsInput = {}): TraceFacts {
  const { traceId = 1n, name = 'work', resource = name, service = 'svc', tags = {}, spanIds = [] } = input;
  return {
    traceId,
    root:
      input.rootless === true
        ? undefined
        : { name, resource, service, tag: (key) => (Object.hasOwn(tags, key) ? tags[key] : undefined) },
    llm: input.llm ?? false,
    error: input.error ?? false,
    manualKeep: input.manualKeep ?? false,
    hasSpan: (ids) => spanIds.some((id) => ids.has(id)),
  };
}

/** What dd-trace 6.21 says of an SQS poll; `messages` is what the receive bridge adds. */
export function sqsPoll(traceId: bigint, messages?: number): TraceFacts {
  return facts({
    traceId,
    name: 'aws.request',
    resource: 'receiveMessage https://sqs.eu-west-1.amazonaws.com/1/jobs',
    service: 'svc-aws-sqs',
    tags: {
      'aws.operation': 'receiveMessage',
      'aws.service': 'SQS',
      'span.kind': 'consumer',
      ...(messages === undefined ? {} : { 'messaging.batch.message_count': messages }),
    },
  });
}

export function probe(path: string, tags: Readonly<Record<string, string | number>> = {}): TraceFacts {
  return facts({
    name: 'web.request',
    resource: 'GET',
    tags: { 'span.kind': 'server', 'http.method': 'GET', 'http.url': `http://10.0.0.1:8080${path}`, ...tags },
  });
}
