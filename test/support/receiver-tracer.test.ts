import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { startReceiver } from './receiver.ts';

const PROGRAM = `
  const tracer = require('dd-trace').init();
  const { llmobs } = tracer;
  for (let index = 0; index < 300; index += 1) {
    tracer.trace('plain', () => {});
    llmobs.trace({ kind: 'task', name: 'task' }, (span) => {
      llmobs.submitEvaluation(llmobs.exportSpan(span), { label: 'l', metricType: 'score', value: index, mlApp: 'm' });
    });
  }
`;

it('the receiver counts what the unmodified tracer sends at a natural exit', async (context) => {
  const receiver = await startReceiver({});
  context.after(() => receiver.close());
  await promisify(execFile)(process.execPath, ['-e', PROGRAM], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    timeout: 30_000,
    env: {
      PATH: process.env['PATH'],
      DD_TRACE_AGENT_URL: receiver.url,
      DD_LLMOBS_ENABLED: '1',
      DD_LLMOBS_ML_APP: 'm',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      DD_REMOTE_CONFIGURATION_ENABLED: 'false',
    },
  });
  assert.deepEqual(receiver.arrivals.errors(), []);
  assert.deepEqual(receiver.arrivals.counts(), {
    spans: { unique: 600, duplicates: 0 },
    llmSpans: { unique: 300, duplicates: 0 },
    evaluations: { unique: 300, duplicates: 0 },
  });
  assert.equal(receiver.arrivals.spansNamed('plain'), 300);
});
