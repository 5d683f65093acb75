import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { startSqs, type SqsEndpoint } from '../../scripts/counterparts/sqs.ts';
import { createStage, reported, type Stage } from './support/program.ts';
import type { Span } from './support/traffic.ts';

const POLLS = 2000;
const MESSAGES = 60;

interface Polled {
  readonly received: number;
  readonly traceIds: readonly string[];
  readonly receives: number;
  readonly messages: number;
  readonly failed: number;
}

let endpoint: SqsEndpoint;
before(async () => {
  endpoint = await startSqs(['empty', 'work-1', 'work-2']);
});
after(() => endpoint?.stop());

async function fill(queue: string): Promise<void> {
  const client = new SQSClient({
    region: 'us-east-1',
    endpoint: endpoint.url,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
  for (let number = 0; number < MESSAGES; number += 1) {
    await client.send(
      new SendMessageCommand({ QueueUrl: endpoint.queueUrl(queue), MessageBody: `message ${number}` }),
    );
  }
  client.destroy();
}

async function poll(stage: Stage, how: 'keepspan' | 'dd-trace', queue: string): Promise<Polled> {
  await fill(queue);
  const args = [endpoint.url, endpoint.queueUrl('empty'), endpoint.queueUrl(queue), String(POLLS)];
  return reported<Polled>(await stage.run(how, 'sqs-polls.mjs', args), 'polled');
}

const isReceive = ({ name, tags }: Span): boolean =>
  name === 'aws.request' && tags['aws.operation'] === 'receiveMessage';

/** What Datadog's tracers of all languages decide by (Knuth's multiplicative hash), written down once more. */
const isSampled = (traceId: string): boolean =>
  Number((BigInt(traceId) * 1_111_111_111_111_111_111n) % 2n ** 64n) <= 0.01 * 2 ** 64;

describe('SQS long polls with the real client, under the rules of the requirement', () => {
  it(`L9: of ${POLLS} empty receives 1 % is kept; every one that carried work and every errored one`, async (t) => {
    const stage = await createStage(t);
    const polled = await poll(stage, 'keepspan', 'work-1');
    const receives = stage.traffic.spans().filter((span) => isReceive(span) && span.kept);
    const byTrace = new Map(receives.map((span) => [span.traceId, span]));
    assert.deepEqual([polled.received, polled.traceIds.length, polled.failed], [0, POLLS, 50]);

    const kept = polled.traceIds.filter((traceId) => byTrace.has(traceId));
    t.diagnostic(`${kept.length} of ${POLLS} empty receives were kept`);
    assert.deepEqual(kept, polled.traceIds.filter(isSampled), 'by trace id: every process says the same');
    // Binomial(2000, 0.01), 99.999 %: 4 to 43. The mean is 20.
    assert.ok(kept.length >= 4 && kept.length <= 43, `${kept.length} kept`);
    const rest = receives.filter(({ traceId }) => !polled.traceIds.includes(traceId));
    assert.equal(rest.filter(({ error }) => error === 1).length, 50, 'every errored one');
    const withWork = rest.filter(({ error }) => error === 0);
    assert.ok(withWork.length - polled.receives <= 1, 'besides, at most the empty receive that ended it');
    assert.ok(
      withWork.length >= polled.receives,
      `${withWork.length} of ${polled.receives} that carried work`,
    );
    assert.equal(polled.messages, MESSAGES);
    assert.equal(stage.traffic.named('workflow.extract').filter((span) => span.kept).length, MESSAGES);
    assert.equal(stage.traffic.llm().filter(({ kind }) => kind === 'workflow').length, MESSAGES);
  });

  it('control: with dd-trace alone the same rules match nothing, and every empty receive is kept', async (t) => {
    const stage = await createStage(t);
    const polled = await poll(stage, 'dd-trace', 'work-2');
    const kept = new Set(
      stage.traffic
        .spans()
        .filter((span) => isReceive(span) && span.kept)
        .map(({ traceId }) => traceId),
    );
    assert.equal(polled.traceIds.filter((traceId) => kept.has(traceId)).length, POLLS);
  });
});
