import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startReceiver } from '../support/receiver.ts';
import { startOtlpReceiver } from './receiver.ts';
import { runFixture, withJournal } from './support.ts';

for (const first of ['datadog', 'processor']) {
  test(
    `a processor beside stack datadog, ${first} first: one ledger, one lifecycle, delivered at the end`,
    { timeout: 120_000 },
    () =>
      withJournal(async (journal) => {
        const [otlp, agent] = [await startOtlpReceiver(), await startReceiver({})];
        try {
          const ended = await runFixture('joined.mjs', [first, otlp.url], journal, {
            DD_TRACE_AGENT_URL: agent.url,
            DD_TRACE_STARTUP_LOGS: '0',
            DD_INSTRUMENTATION_TELEMETRY_ENABLED: '0',
            DD_REMOTE_CONFIGURATION_ENABLED: '0',
          });
          assert.equal(ended.code, 0, ended.stderr);
          const { created, custody, listeners } = JSON.parse(ended.stdout) as Record<string, unknown>;
          assert.deepEqual({ created, custody, listeners }, { created: 100, custody: 'full', listeners: 1 });
          assert.equal(new Set(otlp.names).size, 100);
          assert.match(ended.stderr, /"ddtrace":true/);
          assert.match(
            ended.stderr,
            /"msg":"observability_shutdown".*"llmSpans":\{"created":100,"delivered":100,"pending":0/,
          );
        } finally {
          await Promise.all([otlp.close(), agent.close()]);
        }
      }),
  );
}
