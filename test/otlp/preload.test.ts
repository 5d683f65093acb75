import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOtlp } from '../../src/pipeline/otlp/choose.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { startOtlpReceiver } from './receiver.ts';
import { runFixture, withJournal } from './support.ts';

const REGISTER = new URL('../../src/register.ts', import.meta.url).href;

test("the preload takes an application's provider into custody", { timeout: 120_000 }, () =>
  withJournal(async (journal) => {
    const receiver = await startOtlpReceiver();
    try {
      const ended = await runFixture('preloaded.mjs', [], journal, {
        NODE_OPTIONS: `--import=${REGISTER}`,
        KEEPSPAN_STACK: 'otlp',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_HEADERS: 'x-key=1',
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
      });
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(ended.stdout, '');
      assert.deepEqual(receiver.names, ['theirs'], ended.stderr);
      assert.equal(receiver.requests[0]!.headers['x-key'], '1');
      assert.doesNotMatch(ended.stderr, /"level":"(?:warn|error)"/);
    } finally {
      await receiver.close();
    }
  }),
);

test(
  'without a usable journal, bounded memory: delivered all the same, and said',
  { timeout: 120_000 },
  async () => {
    const receiver = await startOtlpReceiver();
    try {
      const ended = await runFixture(
        'exits.mjs',
        ['custody', 'natural', '100', receiver.url],
        '/tmp/keepspan-refused',
      );
      assert.equal(ended.code, 0, ended.stderr);
      assert.equal(new Set(receiver.names).size, 100);
      assert.match(ended.stderr, /KS-JOURNAL-003/);
    } finally {
      await receiver.close();
    }
  },
);

test('the stack is otlp when it is named; an endpoint alone does not choose it where dd-trace is installed', () => {
  const of = (env: Record<string, string>) => isOtlp(loadSettings({ env }).settings);
  assert.equal(of({ KEEPSPAN_STACK: 'otlp' }), true);
  assert.equal(of({ KEEPSPAN_STACK: 'datadog', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:1' }), false);
  assert.equal(of({ DD_LLMOBS_ENABLED: '1', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://a:1' }), false);
});
