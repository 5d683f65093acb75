import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { verifyShutdown, type ShutdownVerdict } from '../../src/testing.ts';

/** Each starts a service once or twice: `npm test` has stack `datadog` alone. */
const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';

process.env['KEEPSPAN_JOURNAL_DIR'] = join(privateFolder(), 'testing-stacks', 'journal');

function verify(
  fixture: string,
  signal: 'SIGTERM' | 'SIGKILL',
  env: Readonly<Record<string, string>>,
): Promise<ShutdownVerdict> {
  const register = new URL('../../dist/register.js', import.meta.url).href;
  return verifyShutdown({
    command: process.execPath,
    args: ['--import', register, join(import.meta.dirname, 'fixtures', fixture)],
    requests: ['GET /question/{n}'],
    env: { KEEPSPAN_STACK: undefined, ...env },
    signal,
  });
}

describe('verifyShutdown where OTLP is spoken', { concurrency: 1 }, () => {
  if (!FULL) return;

  for (const signal of ['SIGTERM', 'SIGKILL'] as const)
    for (const form of ['span', 'log'])
      it(`stack otlp, ${signal}, evaluations each as a ${form}`, async () => {
        const env = { KEEPSPAN_STACK: 'otlp', KEEPSPAN_OTLP_EVALUATIONS: form };
        const { problems, signals, arrivals } = await verify('service.mjs', signal, env);
        assert.deepEqual(problems, []);
        assert.ok(signals !== undefined && signals.evaluations.created >= 3);
        assert.equal(signals.evaluations.arrived, signals.evaluations.delivered);
        assert.deepEqual([signals.llmSpans.arrived, signals.spans.arrived], [signals.llmSpans.created, 0]);
        assert.equal(arrivals.traced.length, signals.llmSpans.arrived);
      });

  it('stack datadog with spans of OpenTelemetry beside it', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9', KEEPSPAN_STACK: 'datadog' };
    const { problems, signals, arrivals } = await verify('beside.mjs', 'SIGTERM', env);
    assert.deepEqual(problems, []);
    const byName = (name: string) => arrivals.traced.filter((span) => span.name === name).length;
    assert.ok(byName('chat') >= 3);
    assert.equal(byName('plain'), byName('chat'));
    assert.equal(signals?.llmSpans.arrived, byName('chat') + signals!.evaluations.arrived);
  });
});
