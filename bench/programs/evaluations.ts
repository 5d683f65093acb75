// Submits evaluations in turns through Keepspan, to disk, and through dd-trace, into memory: one process, blocks of the
// same size. Custody `evaluations` leaves dd-trace's own writer as it is. Arguments: values, blocks a value, evaluations
// a block (at most 1,000, what dd-trace holds). Linux counts a running thread's CPU in ticks of some milliseconds, so a
// value is the sum over several blocks.
import { setTimeout as pause } from 'node:timers/promises';
import { health, ledger, submitEvaluation } from 'keepspan';
import { startTracer } from '../lib/tracer.ts';

export interface EvaluationCosts {
  /** Microseconds of main-thread CPU an evaluation, over the blocks of a value. */
  readonly subject: readonly number[];
  readonly alternative: readonly number[];
  /** Of single calls in wall-clock microseconds. */
  readonly callsUs: readonly number[];
}

const [values = 0, blocks = 0, perBlock = 0] = process.argv.slice(2).map(Number);
const tracer = startTracer('keepspan');
const span = { traceId: '6a6b0d4e0000000012345678abcdef01', spanId: '1234567890123456789' };
const evaluation = {
  label: 'recall',
  metricType: 'score' as const,
  value: 0.87,
  tags: { field: 'publisher', method: 'hybrid' },
  reasoning: 'The name stands in the imprint on page two, and the model gave it whole.',
  assessment: 'pass' as const,
};

/** Microseconds of main-thread CPU of a block. */
function measure(submit: () => unknown): number {
  const before = process.threadCpuUsage();
  for (let i = 0; i < perBlock; i++) submit();
  const { user, system } = process.threadCpuUsage(before);
  return user + system;
}

const toDisk = () => submitEvaluation({ span, ...evaluation });
const toMemory = () =>
  tracer.llmobs.submitEvaluation(span, { ...evaluation, mlApp: 'bench', timestampMs: Date.now() });

const costs = { subject: [] as number[], alternative: [] as number[], callsUs: [] as number[] };
for (let value = -1; value < values; value++) {
  let subject = 0;
  let alternative = 0;
  for (let block = 0; block < blocks; block++) {
    subject += measure(toDisk);
    alternative += measure(toMemory);
    // Outside the measured part: sent before its writer is full, and given the time for it.
    tracer.llmobs.flush();
    await pause(2);
  }
  if (value < 0) continue; // Until everything is compiled.
  costs.subject.push(subject / (blocks * perBlock));
  costs.alternative.push(alternative / (blocks * perBlock));
}
for (let i = 0; i < perBlock; i++) {
  const before = performance.now();
  toDisk();
  costs.callsUs.push((performance.now() - before) * 1000);
}

const submitted = ((values + 1) * blocks + 1) * perBlock;
const { created, dropped, lost } = ledger().evaluations;
if (created !== submitted || !health().journal.onDisk || Object.keys({ ...dropped, ...lost }).length > 0) {
  throw new Error(
    `not all of ${submitted} evaluations went to disk: ${JSON.stringify({ ledger: ledger(), health: health() })}`,
  );
}
process.send!(costs satisfies EvaluationCosts, () => process.kill(process.pid, 'SIGKILL'));
