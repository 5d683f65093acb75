import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Kafka, logLevel } from 'kafkajs';
import { startKafka, type Broker } from '../../scripts/counterparts/kafka.ts';
import { until } from '../../scripts/counterparts/started.ts';
import type { KindLedger, Ledger } from '../../src/contracts/ledger.ts';
import { startReceiver } from '../support/receiver.ts';
import type { Program } from '../support/program.ts';
import { createStage, type Stage } from './support/program.ts';

const ROLLOUTS = 10;
/** Messages that a process is done with before the next one replaces it, so that it is in the middle of its work. */
const EACH = 15;
const MESSAGES = 300;
/** Rollouts during which the upstream answers 503. */
const OUTAGE = { from: 3, to: 6 };
const KINDS = ['spans', 'llmSpans', 'evaluations'] as const;

let broker: Broker;
before(async () => {
  broker = await startKafka();
});
after(() => broker?.stop());

async function produce(topic: string): Promise<string[]> {
  await broker.createTopic(topic, 2);
  const texts = Array.from({ length: MESSAGES }, (_, n) => `message ${n}`);
  const producer = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  await producer.send({ topic, messages: texts.map((value, n) => ({ value, partition: n % 2 })) });
  await producer.disconnect();
  return texts;
}

async function ledgerOf(stage: Stage): Promise<Ledger> {
  const args = ['ledger', '--json', '--journal', stage.journal];
  const { stdout, stderr } = await stage.start('plain', '../../../bin/keepspan.js', args).ended;
  assert.ok(stdout.startsWith('{'), stderr);
  return (JSON.parse(stdout) as { ledger: Ledger }).ledger;
}

/** What of a kind is neither delivered nor thinned by the policy: nothing of it may be left. */
function remainder({ created, delivered, sampledOut, ...rest }: KindLedger): object {
  const { pending, dropped, lost, inTransit, unaccounted } = rest;
  return { missing: created - delivered - sampledOut, pending, dropped, lost, inTransit, unaccounted };
}

const NOTHING = { missing: 0, pending: 0, dropped: {}, lost: {}, inTransit: 0, unaccounted: 0 };

describe('rolling deploy drill: 20 rollouts, half with each client, with a 503 upstream', () => {
  for (const client of ['kafkajs', 'platformatic']) {
    it(`${client}: ${ROLLOUTS} processes of one group, each replaced in the middle of its work`, async (t) => {
      const stage = await createStage(t);
      const receiver = await startReceiver({});
      t.after(() => receiver.close());
      const file = join(dirname(stage.journal), 'done');
      const group = `rolling-${client}`;
      const texts = await produce(group);
      const env = { DD_TRACE_AGENT_URL: receiver.url, KEEPSPAN_SHUTDOWN_TIMEOUT_MS: '5000' };

      for (let rollout = 0; rollout <= ROLLOUTS; rollout += 1) {
        receiver.setMode(rollout >= OUTAGE.from && rollout < OUTAGE.to ? 'unavailable' : 'up');
        const args = [broker.address, group, group, file];
        const program = stage.start('keepspan', `rolling-${client}.mjs`, args, env);
        // The last one is not replaced: it works until there is nothing left to do.
        const enough = rollout < ROLLOUTS ? readLines(file).length + EACH : texts.length;
        await doneIn(file, enough, program);
        program.process.kill('SIGTERM');
        const { code, stdout, stderr } = await program.ended;
        assert.equal(code, 0, stdout + stderr);
        assert.doesNotMatch(stderr, /"outcome":"failed"/);
      }
      await stage.run('keepspan', '../../e2e/fixtures/restart.mjs', [], env);

      const done = readLines(file);
      const twice = done.length - new Set(done).size;
      t.diagnostic(`${done.length} done, ${twice} of them twice; ${receiver.refused()} requests refused`);
      assert.deepEqual(new Set(done), new Set(texts), 'no message was left out');
      assert.equal(twice, 0, 'nothing that was done came again: its offset had been committed');
      const committed = [...(await broker.committed(group, group)).values()];
      assert.deepEqual(committed, [MESSAGES / 2, MESSAGES / 2], 'the group is at the end');

      assert.ok(receiver.refused() > 0, 'the upstream did refuse');
      assert.deepEqual(receiver.arrivals.errors(), []);
      const ledger = await ledgerOf(stage);
      const counts = receiver.arrivals.counts();
      for (const kind of KINDS) {
        assert.deepEqual(remainder(ledger[kind]), NOTHING, `${kind}: ${JSON.stringify(ledger[kind])}`);
        assert.equal(counts[kind].unique, ledger[kind].delivered, kind);
      }
      // A workflow, and in it another with a call.
      assert.equal(counts.llmSpans.unique, 3 * MESSAGES);
      assert.equal(counts.evaluations.unique, MESSAGES);
    });
  }
});

/** Waits until so many lines say that they are done. */
async function doneIn(file: string, count: number, program: Program): Promise<void> {
  const died = program.ended.then(({ stderr }): never => {
    throw new Error(`it ended by itself: ${stderr}`);
  });
  died.catch(() => undefined); // Its end is waited for afterwards.
  const look = async (): Promise<void> => assert.ok(readLines(file).length >= count);
  await until(look, 60_000, died);
}

function readLines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
