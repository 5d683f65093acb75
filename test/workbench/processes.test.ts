import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ask, assertBalanced, counts, tracePayload, workbench } from './support.ts';

const TIMEOUT_MS = 30_000;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(
  t: TestContext,
  fixture: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): { child: ChildProcess; ended: Promise<Ended> } {
  const path = fileURLToPath(new URL(`fixtures/${fixture}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  t.after(() => child.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => {
    clearTimeout(limit);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, stdout, stderr };
  });
  return { child, ended };
}

/** The first line of stdout, or a failure when the program ends without one. */
async function firstLine({ child, ended }: ReturnType<typeof start>): Promise<string> {
  if (child.stdout === null) throw new Error('no stdout');
  const line = once(createInterface(child.stdout), 'line').then(([text]) => text as string);
  return Promise.race([
    line,
    ended.then((end) => Promise.reject(new Error(`ended early: ${JSON.stringify(end)}`))),
  ]);
}

describe('workbench and real processes', () => {
  it('receives all that the real dd-trace sends until its natural exit', async (t) => {
    const bench = await workbench(t);
    const end = await start(t, 'traced-app.ts', [], {
      DD_TRACE_AGENT_URL: bench.datadogUrl,
      DD_LLMOBS_ENABLED: '1',
      DD_TRACE_ENABLED: 'true',
      DD_ENV: '',
      NODE_OPTIONS: '',
    }).ended;
    assert.equal(end.code, 0, end.stderr);
    assert.deepEqual(bench.ledger(), {
      spans: counts({ received: 10, stored: 10 }),
      llmSpans: counts({ received: 10, stored: 10 }),
      evaluations: counts({ received: 10, stored: 10 }),
    });
    const { llmSpans } = (await ask(bench.datadogUrl, '/api/llm-spans')).json() as {
      llmSpans: { apmTraceId: string; mlApp: string }[];
    };
    assert.equal(llmSpans[0]?.mlApp, 'fixture-app');
    const trace = (await ask(bench.datadogUrl, `/api/traces/${llmSpans[0]?.apmTraceId}`)).json() as {
      spans: unknown[];
      llmSpans: unknown[];
    };
    assert.deepEqual(
      [trace.spans.length, trace.llmSpans.length],
      [2, 2],
      'LLM spans and APM spans meet in one trace',
    );
    assertBalanced(bench.ledger());
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`dev --json prints one line first, serves, and exits 0 on ${signal}`, async (t) => {
      const run = start(t, 'dev-cli.ts', ['dev', '--port', '0', '--otlp-port', '0', '--json']);
      const urls = JSON.parse(await firstLine(run)) as Record<string, string>;
      assert.deepEqual(Object.keys(urls), ['datadog', 'otlp', 'ui']);
      const stored = await ask(urls['datadog'] ?? '', '/v0.4/traces', { body: tracePayload(1) });
      assert.equal(stored.status, 200);
      run.child.kill(signal);
      const end = await run.ended;
      assert.deepEqual([end.code, end.signal, end.stderr], [0, null, '']);
      assert.equal(end.stdout.trim().split('\n').length, 1);
    });
  }

  it('dev killed with SIGKILL under load has everything that it acknowledged', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'keepspan-kill-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const db = join(folder, 'bench.db');
    const args = ['dev', '--port', '0', '--otlp-port', '0', '--json', '--db', db];
    const run = start(t, 'dev-cli.ts', args);
    const { datadog = '' } = JSON.parse(await firstLine(run)) as Record<string, string>;
    const acknowledged: number[] = [];
    let next = 1_000_000;
    const sender = async (): Promise<void> => {
      for (;;) {
        const id = (next += 1);
        const answer = await ask(datadog, '/v0.4/traces', { body: tracePayload(5, { trace_id: id }) });
        if (answer.status === 200) acknowledged.push(id);
        if (acknowledged.length === 60) run.child.kill('SIGKILL');
      }
    };
    // Each ends with the error of a connection to a process that is gone.
    await Promise.allSettled(Array.from({ length: 4 }, sender));
    assert.equal((await run.ended).signal, 'SIGKILL');
    assert.ok(acknowledged.length >= 60);
    const bench = await workbench(t, { databaseFile: db });
    assertBalanced(bench.ledger());
    for (const id of acknowledged) {
      const path = `/api/traces/${id.toString(16).padStart(32, '0')}`;
      const trace = (await ask(bench.datadogUrl, path)).json() as { spans?: unknown[] };
      assert.equal(trace.spans?.length, 5, `trace ${id} was acknowledged`);
    }
    assert.ok(bench.ledger().spans.stored >= acknowledged.length * 5);
  });

  it('dev in words says every address and the way to stop', async (t) => {
    const run = start(t, 'dev-cli.ts', ['dev', '--port', '0', '--otlp-port', '0']);
    await firstLine(run);
    run.child.kill('SIGTERM');
    const { code, stdout } = await run.ended;
    assert.equal(code, 0);
    assert.match(
      stdout,
      /DD_TRACE_AGENT_URL=http:\/\/127\.0\.0\.1:\d+\n.*OTEL_EXPORTER_OTLP_ENDPOINT=http:\/\/127\.0\.0\.1:\d+\nCtrl-C/,
    );
  });

  it('dev exits 2 with the fix when a port is taken, a port is wrong or the database cannot be opened', async (t) => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    t.after(() => blocker.close());
    const taken = String((blocker.address() as AddressInfo).port);
    for (const [args, expected] of [
      [
        ['--port', taken, '--otlp-port', '0'],
        new RegExp(`KS-DEV-001 .*port ${taken} is in use[^]*fix .*--port 0`),
      ],
      [['--port', '0', '--otlp-port', taken], new RegExp(`KS-DEV-001 .*port ${taken} is in use`)],
      [['--port', '0', '--host', '0.0.0.0'], /KS-DEV-005 .*token/],
      [['--max-age', 'long'], /KS-DEV-004 .*--max-age/],
      [['--max-size', '5'], /KS-DEV-004 .*--max-size/],
      [['--forward', 'ftp://x'], /KS-DEV-004 .*--forward/],
      [['--token', 'short'], /KS-DEV-004 .*--token/],
      [['--port', '65536'], /KS-DEV-004 .*--port/],
      [['--port', 'x'], /KS-DEV-004/],
      [['--port', '0', '--otlp-port', '0', '--db', '/nowhere/at/all.db'], /KS-DEV-003[^]*fix .*--db/],
    ] as const) {
      const end = await start(t, 'dev-cli.ts', ['dev', '--json', ...args]).ended;
      assert.equal(end.code, 2, JSON.stringify(args));
      assert.equal(end.stdout, '');
      assert.match(end.stderr, expected);
    }
  });
});
