import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

interface Made {
  readonly events: readonly Record<string, unknown>[];
  readonly spans: readonly {
    readonly name: string;
    readonly meta: Record<string, string>;
    readonly metrics: Record<string, number>;
  }[];
}

async function make(mode: 'keep' | 'leave'): Promise<Made> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [fileURLToPath(new URL('fixtures/keep.mjs', import.meta.url)), mode],
    {
      timeout: 30_000,
      env: {
        PATH: process.env['PATH'],
        DD_TRACE_AGENT_URL: 'http://127.0.0.1:9',
        DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      },
    },
  );
  return JSON.parse(stdout) as Made;
}

/** Everything but what differs from run to run. */
function steady({ _dd, ...event }: Record<string, unknown>): unknown {
  const tags = (event['tags'] as string[]).filter((tag) => !/runtime[-_]id|process_id/.test(tag));
  return {
    ...event,
    tags,
    ...Object.fromEntries(
      ['span_id', 'trace_id', 'parent_id', 'start_ns', 'duration'].map((key) => [key, typeof event[key]]),
    ),
    dd: Object.keys(_dd as object),
  };
}

it('keeping a trace by hand changes its priority and who decided it, and nothing of the LLM spans', async () => {
  const [kept, left] = await Promise.all([make('keep'), make('leave')]);
  assert.equal(kept.events.length, 2);
  assert.deepEqual(kept.events.map(steady), left.events.map(steady));

  const [outer, inner] = kept.spans;
  assert.deepEqual(
    [outer?.metrics['_sampling_priority_v1'], inner?.metrics['_sampling_priority_v1']],
    [2, 2],
  );
  assert.equal(outer?.meta['_dd.p.dm'], '-4');
  assert.equal(left.spans[0]?.metrics['_sampling_priority_v1'], 1);
  // Tagged once a trace, not on every span.
  assert.deepEqual(
    kept.spans.map(({ metrics }) => metrics['manual.keep']),
    [1, undefined],
  );
  const keys = ({ spans }: Made) =>
    spans.map(({ meta, metrics }) =>
      [...Object.keys(meta), ...Object.keys(metrics)]
        .filter((key) => !['manual.keep', '_dd.agent_psr'].includes(key))
        .sort(),
    );
  assert.deepEqual(keys(kept), keys(left));
});
