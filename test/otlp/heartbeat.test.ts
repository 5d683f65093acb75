import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readOtlp } from '../matrix/support/otlp-reader.ts';
import { observe } from '../support/program.ts';
import { startOtlpReceiver } from './receiver.ts';
import { until, withJournal } from './support.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const QUICK_LOOKS = new URL('../pipeline/watch/fixtures/quick-looks.mjs', import.meta.url).href;
const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
const LIMIT_MS = 90_000;

async function start(
  t: TestContext,
  journal: string,
  env: Readonly<Record<string, string>>,
  [program = 'beats.mjs', ...args]: readonly string[] = [],
) {
  const receiver = await startOtlpReceiver();
  t.after(() => receiver.close());
  const child = spawn(
    process.execPath,
    ['--import', QUICK_LOOKS, '--import', 'keepspan/register', fixture(program), ...args],
    {
      cwd: ROOT,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        DD_SERVICE: 'idle',
        DD_ENV: 'staging',
        KEEPSPAN_STACK: 'otlp',
        KEEPSPAN_JOURNAL_DIR: journal,
        KEEPSPAN_ALERTS: '1',
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        ...env,
      },
    },
  );
  const { ended } = observe(child, LIMIT_MS);
  return {
    receiver,
    ended,
    end: () => {
      child.stdin.end();
      return ended;
    },
  };
}

const beats = ({ names }: { readonly names: readonly string[] }) =>
  names.filter((name) => name === 'keepspan.heartbeat').length;

it('stack otlp makes a heartbeat, whatever the provider drops, which is no LLM span; 0 makes none', (t) =>
  withJournal(async (journal) => {
    const [on, off, quiet] = [
      await start(t, `${journal}-on`, { KEEPSPAN_HEARTBEAT_MS: '300' }, ['beats.mjs', 'provider']),
      await start(t, `${journal}-off`, { KEEPSPAN_HEARTBEAT_MS: '0' }),
      await start(t, `${journal}-quiet`, { KEEPSPAN_HEARTBEAT_MS: '300', KEEPSPAN_ALERTS: '0' }),
    ];
    await until(() => beats(on.receiver) >= 3, 'three heartbeats have arrived');
    const ended = await on.end();
    assert.equal(ended.code, 0, ended.stderr);
    const spans = on.receiver.requests.flatMap(({ body }) => readOtlp(body));
    assert.deepEqual(
      new Set(
        spans.map(({ name, scope, attributes, error }) => JSON.stringify([name, scope, attributes, error])),
      ),
      new Set([JSON.stringify(['keepspan.heartbeat', 'keepspan', {}, false])]),
    );
    assert.equal(new Set(spans.map(({ traceId }) => traceId)).size, spans.length);
    assert.ok(on.receiver.requests.every(({ body }) => body.includes('idle') && body.includes('staging')));
    const { spans: made, llmSpans } = JSON.parse(ended.stdout) as { spans: number; llmSpans: number };
    assert.equal(llmSpans, 0);
    assert.ok(made >= 3);
    for (const silent of [off, quiet]) {
      const { code, stdout, stderr } = await silent.end();
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), { spans: 0, llmSpans: 0 });
      assert.deepEqual(silent.receiver.names, []);
    }
  }));

it('stack otlp under LLM work alone makes no heartbeat: an LLM span that is acknowledged is a trace', (t) =>
  withJournal(async (journal) => {
    const busy = await start(t, journal, { KEEPSPAN_HEARTBEAT_MS: '1000' }, ['llm-alone.mjs']);
    const { code, stdout, stderr } = await busy.ended;
    assert.equal(code, 0, stderr);
    const { spans, llmSpans } = JSON.parse(stdout) as { spans: number; llmSpans: number };
    assert.ok(llmSpans > 0, 'the control: LLM spans were made');
    assert.equal(spans, 0);
  }));
