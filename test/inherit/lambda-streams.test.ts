import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tokensOf } from '../matrix/support/openai-server.ts';
import { startWorld, type World } from '../matrix/support/world.ts';
import { FULL } from '../e2e/support/site.ts';
import { createFunction } from './support/function.ts';

/** Model and tokens of the LLM spans that arrived, sorted. */
function arrived({ events, otlp }: World): string[] {
  const rows = [
    ...events
      .filter(({ meta }) => meta['span.kind'] === 'llm')
      .map(({ meta, metrics }) => [meta.model_name, metrics['input_tokens'], metrics['output_tokens']]),
    ...otlp
      .filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'chat')
      .map(({ attributes }) => [
        attributes['gen_ai.request.model'],
        attributes['gen_ai.usage.input_tokens'],
        attributes['gen_ai.usage.output_tokens'],
      ]),
  ];
  return rows.map((row) => row.join(' ')).toSorted((a, b) => a.localeCompare(b));
}

/** What one invocation asks for; of a stream that is left nobody knows the usage. */
const of = (n: number): string[] =>
  [`m-whole-${n}`, `m-left-${n}`, `anthropic.claude-${n}`].map((model) =>
    [model, ...(model.includes('left') ? ['', ''] : tokensOf(model))].join(' '),
  );

const environment = (world: World, stack: string) => ({
  KEEPSPAN_STACK: stack,
  DD_TRACE_AGENT_URL: world.url,
  OTEL_EXPORTER_OTLP_ENDPOINT: world.url,
  OPENAI_BASE_URL: `${world.url}/openai/v1`,
  OPENAI_API_KEY: 'a-key',
  BEDROCK_URL: world.url,
});

describe('streams inside a function of AWS Lambda', { concurrency: 2 }, () => {
  for (const stack of FULL ? ['datadog', 'otlp'] : ['otlp']) {
    it(`stack ${stack}: each has arrived as one span before the answer, and the sandbox may freeze`, async (t) => {
      const world = await startWorld();
      t.after(() => world.close());
      const { sandbox, start, invoke } = await createFunction(t, 'handler', {
        _HANDLER: 'streams.handler',
        ...environment(world, stack),
      });
      const child = start();
      const wanted: string[] = [];
      for (const n of [1, 2]) {
        let atAnswer: string[] = [];
        const { outcome, body } = await invoke({ n }, { answered: () => (atAnswer = arrived(world)) });
        assert.equal(outcome, 'response', body);
        assert.deepEqual(JSON.parse(body), {
          texts: ['hello there friend', 'hello ', 'hello there friend'],
          workers: 0,
        });
        wanted.push(...of(n));
        assert.deepEqual(
          atAnswer,
          wanted.toSorted((a, b) => a.localeCompare(b)),
        );
      }
      assert.ok(sandbox.freezes() >= 3);
      child.process.kill('SIGKILL');
      const { stdout, stderr } = await child.ended;
      assert.equal(stdout, '');
      assert.doesNotMatch(stderr, /"level":"(?:warn|error)"/);
      assert.deepEqual(world.errors, []);
      assert.deepEqual(
        arrived(world),
        wanted.toSorted((a, b) => a.localeCompare(b)),
      );
    });
  }

  if (!FULL) return;

  it('a handler that answers with a stream: its span has arrived when the invocation is over', async (t) => {
    const world = await startWorld();
    t.after(() => world.close());
    const env = { _HANDLER: 'streams.responding', ...environment(world, 'datadog') };
    const { start, invoke } = await createFunction(t, 'responding', env);
    start();
    let atAnswer: string[] = [];
    const { outcome, body } = await invoke({ n: 1 }, { answered: () => (atAnswer = arrived(world)) });
    assert.deepEqual([outcome, body], ['response', 'hello there friend']);
    assert.deepEqual(atAnswer, of(1).slice(0, 1));
  });
});
