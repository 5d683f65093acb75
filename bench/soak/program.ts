// The soak's subject: dd-trace under Keepspan makes so many spans, children of few roots, as fast as delivery keeps up,
// with one LLM span and one evaluation for each root. Twice a second it says what it holds; at the end, its ledger.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { flushObservability, ledger, llm, submitEvaluation, type Ledger } from 'keepspan';
import type { SoakSample } from './flat.ts';

export type SoakMessage =
  | { readonly sample: SoakSample }
  | {
      readonly end: { readonly spans: number; readonly roots: number; readonly ledger: Ledger };
    };

interface Tracer {
  trace<T>(name: string, options: { readonly tags?: object }, body: () => T): T;
}

const CHILDREN = 4999;
/** Spans made in one turn of the event loop. */
const TURN = 250;
const MAX_PENDING = 100_000;
const SAMPLE_MS = 500;
const FLUSH_MS = 60_000;

const [count = '0', journal = ''] = process.argv.slice(2);
const { default: tracer } = (await import('dd-trace')) as unknown as { readonly default: Tracer };
const chat = llm({ name: 'chat', modelName: 'model', modelProvider: 'provider' }, (_question: string) => {
  submitEvaluation({ label: 'grounded', metricType: 'boolean', value: true });
  return 'the answer';
});

const orphaned = (): never => process.exit(1);
process.on('disconnect', orphaned);

let made = 0;
let roots = 0;
let nextSampleMs = 0;

function say(message: SoakMessage): Promise<void> {
  return new Promise((resolve) => process.send!(message, () => resolve()));
}

function filesBelow(folder: string): { readonly files: number; readonly bytes: number } {
  let [files, bytes] = [0, 0];
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    // It may be gone since it was listed: delivery removes segments.
    const stat = statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false });
    files += stat === undefined ? 0 : 1;
    bytes += stat?.size ?? 0;
  }
  return { files, bytes };
}

async function sample(): Promise<void> {
  if (performance.now() < nextSampleMs) return;
  nextSampleMs = performance.now() + SAMPLE_MS;
  const { rss, heapUsed } = process.memoryUsage();
  const { files, bytes } = filesBelow(journal);
  await say({
    sample: {
      atMs: Math.round(performance.now()),
      spans: made,
      rssBytes: rss,
      heapBytes: heapUsed,
      openFiles: readdirSync('/proc/self/fd').length,
      journalFiles: files,
      journalBytes: bytes,
    },
  });
}

async function keepUp(): Promise<void> {
  await turn();
  await sample();
  while (ledger().spans.pending > MAX_PENDING) {
    await pause(10);
    await sample();
  }
}

async function workflow(children: number): Promise<void> {
  roots += 1;
  await tracer.trace('soak.root', { tags: { n: made++ } }, async () => {
    for (let left = children; left > 0; left -= TURN) {
      for (let i = 0; i < Math.min(left, TURN); i += 1)
        tracer.trace('soak.step', { tags: { n: made++, 'soak.kind': 'step' } }, () => undefined);
      await keepUp();
    }
    chat(`question ${roots}`);
  });
}

while (made < Number(count)) await workflow(Math.min(CHILDREN, Number(count) - made - 1));
await flushObservability({ timeoutMs: FLUSH_MS });
await say({ end: { spans: made, roots, ledger: ledger() } });
process.off('disconnect', orphaned);
process.disconnect();
