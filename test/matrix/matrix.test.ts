// Load way × format × client × stack: what an application gets, and how many LLM spans arrive for it (law L11).
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ALL, CLIENTS, SAMPLE, type Call, type Cell } from './support/cells.ts';
import { tokensOf } from './support/openai-server.ts';
import { bareRun, runCell } from './support/run-cell.ts';
import { startWorld, type World } from './support/world.ts';

const cells = process.env['KEEPSPAN_TEST_FULL'] === '1' ? ALL : SAMPLE;

/** A span of an LLM call, of whichever protocol. */
interface LlmSpan {
  readonly model: unknown;
  readonly input: unknown;
  readonly output: unknown;
  readonly error: boolean;
  /** Of APM, and of OpenTelemetry. */
  readonly trace: string | undefined;
}

describe('matrix', { concurrency: 2 }, () => {
  for (const cell of cells) {
    const { load, format, client, stack } = cell;
    it(`${client}, ${format}, ${load}, ${stack}`, { timeout: 120_000 }, () => judge(cell));
  }
});

async function judge(cell: Cell): Promise<void> {
  const { client, format, stack } = cell;
  const { calls, framework = false } = CLIENTS[client]!;
  const world = await startWorld();
  try {
    const bare = await bareRun(world, client, format);
    assert.equal(bare.code, 0, bare.stderr);
    const { code, stdout, stderr } = await runCell(world, cell);
    assert.equal(code, 0, stderr);
    assert.deepEqual(world.errors, []);
    assert.doesNotMatch(stderr, /"level":"(?:warn|error)"/);
    assert.doesNotMatch(stderr, /Warning|Error:/);

    assert.equal(stdout, bare.stdout);
    const expected = Object.entries(calls).filter(
      ([, { unknownTo }]) => stack === 'otlp' || unknownTo === undefined,
    );
    const provider = stack === 'otlp' ? ofOtlp(world) : ofDatadog(world);
    oneSpanEach(provider, expected);
    if (stack !== 'dual') return;
    oneSpanEach(ofOtlp(world), framework ? expected : []);
    if (framework) assert.deepEqual(tracesOf(ofOtlp(world)), tracesOf(provider));
  } finally {
    await world.close();
  }
}

/** Model and trace of each call: the same in both streams. */
function tracesOf(spans: readonly LlmSpan[]): readonly string[] {
  return spans.map(({ model, trace }) => `${String(model)} ${trace}`).toSorted((a, b) => a.localeCompare(b));
}

function oneSpanEach(spans: readonly LlmSpan[], calls: readonly (readonly [string, Call])[]): void {
  const wanted = calls.flatMap(([, { model, times = 1, is }]) => {
    const [input, output] = is === undefined ? tokensOf(model) : [undefined, undefined];
    return Array.from({ length: times }, () => ({ model, input, output, error: is === 'failed' }));
  });
  const partial = new Map(calls.map(([, call]) => [call.model, call.is]));
  const found = spans.map(({ model, input, output, error }) =>
    // What is known of the usage of a call without an end depends on the provider.
    partial.get(String(model)) === undefined
      ? { model, input, output, error }
      : { model, input: undefined, output: undefined, error },
  );
  const order = (a: { readonly model: unknown }, b: { readonly model: unknown }): number =>
    String(a.model).localeCompare(String(b.model));
  assert.deepEqual(found.toSorted(order), wanted.toSorted(order));
}

function ofDatadog({ events }: World): LlmSpan[] {
  return events
    .filter(({ meta }) => meta['span.kind'] === 'llm')
    .map(({ meta, metrics, status, _dd }) => ({
      model: meta.model_name,
      input: metrics['input_tokens'],
      output: metrics['output_tokens'],
      error: status === 'error',
      trace: _dd['apm_trace_id'],
    }));
}

function ofOtlp({ otlp }: World): LlmSpan[] {
  return otlp
    .filter(({ attributes }) => attributes['gen_ai.operation.name'] === 'chat')
    .map(({ attributes, error, traceId }) => ({
      model: attributes['gen_ai.request.model'],
      input: attributes['gen_ai.usage.input_tokens'],
      output: attributes['gen_ai.usage.output_tokens'],
      error,
      trace: traceId,
    }));
}
