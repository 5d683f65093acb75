// Facts about other people's libraries, as installed: docs/facts/instrumentation.md has them, and changes with them.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { observe, QUIET_TRACER } from '../support/program.ts';

const PROGRAM = join(import.meta.dirname, 'fixtures', 'double.cjs');
const LIMIT_MS = 120_000;

interface Call {
  readonly result: string;
  readonly dd: number;
  readonly otlp: number;
  readonly otlpTokens: readonly (number | null)[] | null;
}

async function calls(how: string): Promise<Readonly<Record<string, Call>>> {
  const child = spawn(process.execPath, [PROGRAM, how], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      DD_TRACE_AGENT_URL: 'http://127.0.0.1:9',
      DD_LLMOBS_AGENTLESS_ENABLED: '0',
      ...QUIET_TRACER,
      ...(how === 'bridge' ? { DD_TRACE_OTEL_ENABLED: 'true' } : {}),
    },
  });
  const { code, stdout, stderr } = await observe(child, LIMIT_MS).ended;
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Readonly<Record<string, Call>>;
}

const results = (of: Readonly<Record<string, Call>>) =>
  Object.fromEntries(Object.entries(of).map(([name, { result }]) => [name, result]));
const spans = (of: Readonly<Record<string, Call>>) =>
  Object.fromEntries(Object.entries(of).map(([name, { dd, otlp }]) => [name, [dd, otlp]]));

if (process.env['KEEPSPAN_TEST_FULL'] === '1') {
  describe('one OpenAI call, instrumented by', () => {
    it('dd-trace: one span each, none of a stream that is broken off; tee() repeats a part', async () => {
      const [bare, dd] = [await calls('bare'), await calls('dd')];
      assert.deepEqual(results(dd), { ...results(bare), 'stream.tee': 'hello there|hello therethere' });
      assert.deepEqual(
        Object.entries(spans(dd)).filter(([, count]) => count[0] !== 1),
        [['stream broken off', [0, 0]]],
      );
    });

    it('OpenLLMetry: streams break, failed calls have no span, tokens of streams are guessed', async () => {
      const traceloop = await calls('traceloop');
      assert.match(traceloop['stream.tee']?.result ?? '', /tee is not a function/);
      assert.match(traceloop['stream helper']?.result ?? '', /reading 'signal'/);
      assert.deepEqual(
        ['API error', 'stream broken off'].map((name) => traceloop[name]?.otlp),
        [0, 0],
      );
      assert.deepEqual(
        [traceloop['chat']?.otlpTokens, traceloop['stream']?.otlpTokens],
        [
          [11, 7],
          [2, 2],
        ],
      );
    });

    it('both: two spans for one call; frameworks only: one, and nothing of OpenLLMetry breaks', async () => {
      const both = await calls('both');
      assert.deepEqual(spans(both)['chat'], [1, 1]);
      assert.match(both['stream helper']?.result ?? '', /reading 'signal'/);
      const frameworks = await calls('langchain');
      assert.deepEqual(spans(frameworks)['chat'], [1, 0]);
      assert.equal(frameworks['stream helper']?.result, 'hello there');
    });

    it('both with DD_TRACE_OTEL_ENABLED: every call in withWorkflow throws', async () => {
      assert.match(
        (await calls('bridge'))['in withWorkflow']?.result ?? '',
        /^TypeError: Cannot read properties/,
      );
    });
  });
}
