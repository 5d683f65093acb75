import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BatchEncoder, EncodedBatch, PendingRecord } from '../../src/contracts/delivery.ts';
import type { SignalKind } from '../../src/contracts/signal.ts';
import type { Send } from '../../src/delivery/send.ts';
import { OutcomeLog } from '../../src/journal/outcomes.ts';
import { Deliverer, type DelivererOptions } from '../../src/pipeline/deliverer.ts';
import { JournalSource, type JournalSourceOptions } from '../../src/pipeline/journal-source.ts';
import { json } from '../journal/support.ts';

/** Bodies are lines `<name>`, a record each; a record `name*3` holds three signals. */
export const lineEncoder: BatchEncoder = {
  encode(records): EncodedBatch {
    const signalsPerRecord = records.map((record) => countOf(record.payload.toString()));
    return {
      method: 'POST',
      origin: 'http://upstream.invalid',
      path: '/',
      headers: {},
      body: Buffer.from(records.map((record) => record.payload.toString()).join('\n')),
      records: records.length,
      signals: signalsPerRecord.reduce((sum, n) => sum + n, 0),
      signalsPerRecord,
    };
  },
  split: (record) => [record],
};

export const countOf = (name: string): number => Number(/\*(\d+)/.exec(name)?.[1] ?? 1);

/** An upstream that takes everything and remembers it. */
export class Upstream {
  readonly lines: string[] = [];
  status = 200;

  readonly send: Send = (request) => {
    if (this.status === 200) this.lines.push(...request.body.toString().split('\n'));
    return Promise.resolve({ kind: 'response', status: this.status, headers: {}, body: '' });
  };
}

/** The process behind a writer's folder is gone: its owner is a pid that nobody has. */
export function endOwner(writerPath: string): void {
  const file = join(writerPath, 'owner.json');
  writeFileSync(file, JSON.stringify({ ...json(file), pid: 2 ** 22 + 1, thread: '' }));
}

export interface OpenSource {
  readonly source: JournalSource;
  readonly log: OutcomeLog;
  readonly outcomes: Record<string, number>;
}

export function openSource(
  writerPath: string,
  kind: SignalKind,
  options: Partial<JournalSourceOptions> = {},
): OpenSource {
  const log = options.log ?? new OutcomeLog(join(writerPath, 'outcomes.jsonl'));
  const outcomes: Record<string, number> = {};
  const source = new JournalSource({
    writerPath,
    kind,
    log,
    ended: () => false,
    fence: () => undefined,
    rings: () => 0,
    onOutcome: (_kind, counted) => {
      for (const [name, n] of Object.entries(counted)) outcomes[name] = (outcomes[name] ?? 0) + n;
    },
    onMaybeTwice: () => undefined,
    ...options,
  });
  return { source, log, outcomes };
}

export const names = (records: readonly PendingRecord[]): string[] =>
  records.map(({ payload }) => payload.toString());

export function deliverer(
  directory: string,
  upstream: Pick<Upstream, 'send'>,
  options: Partial<DelivererOptions> = {},
): Deliverer {
  return new Deliverer({
    directory,
    host: 'sidecar',
    encoder: lineEncoder,
    send: upstream.send,
    maxAgeMs: 365 * 24 * 3600 * 1000,
    doorbell: { rings: () => 0, rung: () => new Promise((resolve) => setTimeout(resolve, 2)) },
    onOutcome: () => undefined,
    onMaybeTwice: () => undefined,
    onState: () => undefined,
    onError: (error) => {
      throw error;
    },
    ...options,
  });
}
