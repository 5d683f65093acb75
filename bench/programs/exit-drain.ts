// Makes spans, LLM spans and evaluations and exits in the same turn; says how long the 'exit' handlers took. Arguments:
// keepspan | plain, count of each kind, each (a trace of its own) | open (all in one trace that never ends).
import { writeSync } from 'node:fs';
import { ledger, submitEvaluation } from 'keepspan';
import type { Side } from '../lib/observed.ts';
import { startTracer } from '../lib/tracer.ts';

export interface ExitCost {
  readonly drainMs: number;
  /** By the ledger: made, and in custody or delivered. Absent for plain dd-trace, which keeps no count. */
  readonly created?: number;
  readonly kept?: number;
}

const [side = '', count = '0', traces = ''] = process.argv.slice(2);
let startMs = 0;
process.on('exit', () => {
  startMs = performance.now();
});
const tracer = startTracer(side as Side);
process.on('exit', () => {
  const drainMs = performance.now() - startMs;
  const kinds = side === 'keepspan' ? Object.values(ledger()) : [];
  const sum = (of: 'created' | 'pending' | 'delivered') => kinds.reduce((total, kind) => total + kind[of], 0);
  const cost: ExitCost =
    side === 'keepspan'
      ? { drainMs, created: sum('created'), kept: sum('pending') + sum('delivered') }
      : { drainMs };
  writeSync(1, JSON.stringify(cost));
});

const span = { traceId: '6a6b0d4e0000000012345678abcdef01', spanId: '1234567890123456789' };
const evaluation = {
  label: 'recall',
  metricType: 'score' as const,
  value: 0.87,
  tags: { field: 'publisher' },
};

function makeAll(): void {
  for (let i = 0; i < Number(count); i++) {
    tracer.trace('bench.span', () => undefined);
    tracer.llmobs.trace({ kind: 'llm', name: 'bench.llm' }, (current) => {
      tracer.llmobs.annotate(current, { inputData: 'i'.repeat(500), outputData: 'o'.repeat(500) });
    });
    if (side === 'keepspan') submitEvaluation({ span, ...evaluation });
    else tracer.llmobs.submitEvaluation(span, { ...evaluation, mlApp: 'bench', timestampMs: Date.now() });
  }
  process.exit();
}

if (traces === 'open') tracer.trace('bench.root', makeAll);
else makeAll();
