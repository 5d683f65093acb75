// Calls of hybridRecall with 20 KB of input, in turns with a plain submitEvaluation, and with what one would write
// oneself: JSON.stringify and one write to a file. Arguments: values, calls a value, the file, the kind of text: strings
// of Latin-1 alone have a byte a character in V8, all others two.
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { health, submitEvaluation } from 'keepspan';
import { hybridRecall } from 'keepspan/evaluation';
import { quantile } from '../lib/stats.ts';
import { startTracer } from '../lib/tracer.ts';

export interface RecallCallCosts {
  /** Microseconds of the median call of a block, wall clock. */
  readonly subject: readonly number[];
  readonly evaluation: readonly number[];
  readonly write: readonly number[];
}

const [values = 0, calls = 0] = process.argv.slice(2, 4).map(Number);
const file = openSync(process.argv[4]!, 'w', 0o600);
startTracer('keepspan');
const span = { traceId: '6a6b0d4e0000000012345678abcdef01', spanId: '1234567890123456789' };
const quoted = process.argv[5] === 'typographic' ? '“Apache-2.0”' : '"Apache-2.0"';
const words = `The licence of the package is stated in the manifest, ${quoted}, and in the file beside it. `;
const chunks = Array.from({ length: 10 }, (_, i) => ({
  text: `${i} ${words.repeat(30)}`.slice(0, 1990),
  score: 10 - i,
  id: `chunk-${i}`,
}));
const input = {
  question: 'What is the licence of the package?',
  answer: 'Apache-2.0',
  chunks,
  field: 'licence',
};

const subject = () => hybridRecall({ ...input, span });
const evaluation = () =>
  submitEvaluation({ span, label: 'recall', metricType: 'score', value: 0.87, assessment: 'pass' });
const write = () => writeSync(file, JSON.stringify({ ...input, span }));

/** The median call of a block: whoever takes the core in between is no part of it. */
function measure(body: () => unknown): number {
  const times = Array.from({ length: calls }, () => {
    const before = performance.now();
    body();
    return (performance.now() - before) * 1000;
  });
  return quantile(times, 0.5);
}

const costs = { subject: [] as number[], evaluation: [] as number[], write: [] as number[] };
for (let value = -3; value < values; value++) {
  const measured = { subject: measure(subject), evaluation: measure(evaluation), write: measure(write) };
  // The thread that evaluates has its time outside the measured part.
  await pause(20);
  if (value < 0) continue; // Until everything is compiled.
  costs.subject.push(measured.subject);
  costs.evaluation.push(measured.evaluation);
  costs.write.push(measured.write);
}
closeSync(file);
const { evaluation: counts, warnings } = health();
if (counts?.requests !== (values + 3) * calls || Object.keys(counts.skipped).length > 0)
  throw new Error(`not all of it went to disk: ${JSON.stringify({ counts, warnings })}`);
process.send!(costs satisfies RecallCallCosts, () => process.kill(process.pid, 'SIGKILL'));
