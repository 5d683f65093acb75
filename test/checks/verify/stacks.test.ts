import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { createStandIn } from '../../../examples/extraction/standin/server.ts';
import { privateFolder } from '../../../scripts/lib/private-folder.ts';
import { cleanEnvironment } from '../../../scripts/main-job/environment.ts';
import { ALL_LINES } from './variants.ts';

const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
const REGISTER = new URL('../../../dist/register.js', import.meta.url).href;
const MAIN = new URL('../../../src/cli/main.ts', import.meta.url).href;
const PROGRAM = `import { main } from ${JSON.stringify(MAIN)}; await main(process.argv.slice(1));`;
const LIMIT_MS = 150_000;
/** Nobody listens there: verify has to send everything elsewhere. */
const NOWHERE = 'http://127.0.0.1:9';

const folder = mkdtempSync(join(privateFolder(), 'verify-stacks-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));

interface Document {
  readonly lines: readonly { readonly line: string; readonly status: string }[];
  readonly checks: readonly {
    readonly id: string;
    readonly status: string;
    readonly evidence: readonly string[];
    readonly fix: string | null;
  }[];
}

async function verify(
  stack: 'otlp' | 'dual',
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<{ readonly code: number | null; readonly document: Document }> {
  const dir = join(import.meta.dirname, 'services', stack);
  const service = ['node', '--import', REGISTER, join(dir, 'app.mjs')];
  const given = ['verify', '--json', '--dir', dir, '--request', 'GET /ask', ...args, '--', ...service];
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, '--', ...given], {
    env: {
      ...cleanEnvironment(process.env),
      DD_SERVICE: 'answers',
      KEEPSPAN_JOURNAL_DIR: join(folder, 'journal'),
      KEEPSPAN_STACK: stack,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(limit);
  assert.notEqual(stdout, '', stderr);
  return { code, document: JSON.parse(stdout) as Document };
}

/** Every line of the requirement is there; these do not apply, and all others have passed. */
function assertGood({ lines, checks }: Document, notApplicable: readonly string[]): void {
  const notPassed = lines.filter(({ status }) => status !== 'pass');
  const seen = JSON.stringify(
    checks.filter(({ status }) => !['pass', 'not-applicable'].includes(status)),
    null,
    1,
  );
  assert.deepEqual(
    notPassed.map(({ line, status }) => `${status} ${line}`),
    notApplicable.map((line) => `not-applicable ${line}`),
    seen,
  );
  assert.deepEqual(lines.map(({ line }) => line).toSorted(), [...ALL_LINES].toSorted());
}

function evidenceOf({ checks }: Document, id: string): string {
  return checks.find((check) => check.id === id)?.evidence.join('\n') ?? '';
}

/** Per kind, what was made, what was delivered and what arrived. */
function countsOf(document: Document, id: string): Readonly<Record<string, readonly string[]>> {
  const rows = evidenceOf(document, id).matchAll(/^(\w+): (\d+) made, (\d+) delivered.*; (\d+) arrived$/gm);
  return Object.fromEntries(Array.from(rows, ([, kind = '', ...counts]) => [kind, counts]));
}

const SIGV4 = 'AWS SigV4 conflict mitigated (REQUESTS/URLLIB3 disabled)';
const DATADOG = [
  '`TRACELOOP_BASE_URL` pointing to OTLP receiver (port 4318)',
  '`DD_TRACE_AGENT_URL` pointing to APM agent (port 8126)',
];

describe('keepspan verify on the other stacks', { concurrency: 1 }, () => {
  for (const form of FULL ? ['span', 'log'] : ['span'])
    it(
      `passes a good service on otlp, its evaluations each as a ${form}`,
      { timeout: LIMIT_MS },
      async () => {
        const env = { OTEL_EXPORTER_OTLP_ENDPOINT: NOWHERE, KEEPSPAN_OTLP_EVALUATIONS: form };
        const { code, document } = await verify('otlp', env);
        assertGood(document, [...DATADOG, SIGV4]);
        assert.equal(code, 0);
        assert.equal(
          evidenceOf(document, 'KS-VERIFY-004'),
          '10 of ready, quality; 10 joined to a span that arrived',
        );
        for (const id of ['KS-VERIFY-007', 'KS-VERIFY-008']) {
          const { spans = [], llmSpans = [], evaluations = [] } = countsOf(document, id);
          for (const counts of [spans, llmSpans, evaluations]) assert.equal(counts.length, 3, id);
          assert.ok(Number(spans[2]) > 0 && Number(llmSpans[2]) > Number(spans[2]), id);
        }
      },
    );

  if (!FULL) return;

  it('finds what is wrong on otlp, and says what holds there', { timeout: LIMIT_MS }, async () => {
    const only = ['KS-VERIFY-003', 'KS-VERIFY-004', 'KS-VERIFY-005'];
    const args = only.flatMap((id) => ['--only', id]);
    const { code, document } = await verify('otlp', { BROKEN: '1' }, args);
    assert.equal(code, 1);
    assert.match(evidenceOf(document, 'KS-VERIFY-003'), /^5 of 5 calls without tokens/);
    assert.match(
      evidenceOf(document, 'KS-VERIFY-004'),
      /^quality judges span 123456789abcdef0, which did not arrive/,
    );
    assert.match(evidenceOf(document, 'KS-VERIFY-005'), /^none of 5 lines has ids/);
    const { fix } = document.checks.find(({ id }) => id === 'KS-VERIFY-005')!;
    assert.match(fix ?? '', /active OpenTelemetry span/);
    assert.doesNotMatch(fix ?? '', /DD_LOGS_INJECTION/);
  });

  it('passes a good service on dual, both streams counted', { timeout: LIMIT_MS }, async () => {
    const model = createStandIn({ latencyMs: 10 });
    await new Promise<void>((resolve) => {
      model.listen(0, '127.0.0.1', resolve);
    });
    try {
      const { code, document } = await verify('dual', {
        DD_LLMOBS_ENABLED: '1',
        DD_TRACE_AGENT_URL: NOWHERE,
        TRACELOOP_BASE_URL: 'http://127.0.0.1:4318',
        OPENAI_BASE_URL: `http://127.0.0.1:${(model.address() as AddressInfo).port}/v1`,
        OPENAI_API_KEY: 'none',
      });
      assertGood(document, [SIGV4]);
      assert.equal(code, 0);
      // Of five requests, once by dd-trace and once by OpenLLMetry.
      assert.match(evidenceOf(document, 'KS-VERIFY-003'), /^10 calls of stand-in, all with tokens/);
      const { llmSpans = [] } = countsOf(document, 'KS-VERIFY-007');
      assert.ok(Number(llmSpans[2]) > 0);
    } finally {
      model.close();
      model.closeAllConnections();
    }
  });
});
