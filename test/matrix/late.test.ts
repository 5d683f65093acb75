// Switched on when the libraries are loaded already: what can no longer be patched makes no span, never two, and is
// named with the file that loaded it: by the process where CommonJS did, by `keepspan doctor -- node app.js` everywhere.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { observe } from '../support/program.ts';
import { recordOf } from '../bridges/openllmetry/support.ts';
import { CLIENTS, type Format, type Stack } from './support/cells.ts';
import { bareRun, runCell } from './support/run-cell.ts';
import { startWorld, type World } from './support/world.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const LIMIT_MS = 90_000;
const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
const FORMATS: readonly Format[] = ['mjs', 'cjs'];

/** A client with the package that makes its calls, which dd-trace would have to see first. */
const LATE: readonly (readonly [client: string, library: string])[] = FULL
  ? [
      ['openai 6', 'openai'],
      ['bedrock', '@aws-sdk/client-bedrock-runtime'],
      ['langchain', '@langchain/core'],
      ['llama-index', 'openai'],
    ]
  : [['openai 6', 'openai']];
const STACKS: readonly Stack[] = FULL ? ['datadog', 'dual', 'otlp'] : ['datadog'];

describe('switched on late', { concurrency: 2 }, () => {
  for (const [client, library] of LATE) {
    for (const format of FORMATS) {
      for (const stack of STACKS) {
        it(`${client}, ${format}, ${stack}: never two spans, results as ever`, { timeout: 120_000 }, () =>
          judge(client, format, stack, library),
        );
      }
      // `npm test` has the format of which the process itself knows nothing.
      if (!FULL && format === 'cjs') continue;
      it(`${client}, ${format}: doctor names ${library} and who loaded it`, { timeout: 120_000 }, () =>
        diagnose(client, format, library),
      );
    }
  }
});

describe(
  "stack otlp, switched on late, with an instrumentation of the application's own",
  { concurrency: 2 },
  () => {
    for (const format of FULL ? FORMATS : (['cjs'] as const)) {
      it(
        `openai 6, ${format}: one span each, and what stays broken is named`,
        { timeout: 120_000 },
        async () => {
          const world = await startWorld();
          try {
            const cell = { load: 'register', format, client: 'openai 6' } as const;
            const { code, stdout, stderr } = await runCell(world, cell, {
              file: `late.${format}`,
              nodeArgs: ['--import', join(ROOT, 'test', 'matrix', 'fixtures', 'otel.mjs')],
              env: { LATE_STACK: 'otlp' },
            });
            assert.equal(code, 0, stderr);
            const bare = JSON.parse((await bareRun(world, 'openai 6', format)).stdout) as Record<
              string,
              unknown
            >;
            const results = JSON.parse(stdout) as Record<string, unknown>;
            assert.deepEqual(
              Object.keys(bare).filter(
                (name) => JSON.stringify(results[name]) !== JSON.stringify(bare[name]),
              ),
              ['parse', 'raw response'],
            );
            const models = Object.values(CLIENTS['openai 6']!.calls).map(({ model }) => model);
            assert.deepEqual(ofOtlp(world).toSorted(), models.toSorted());
            const { by } = recordOf(stderr, 'KS-OTLP-009');
            assert.match(String(by), format === 'cjs' ? /fixtures[/\\]late\.cjs$/ : /ES module/);
          } finally {
            await world.close();
          }
        },
      );
    }
  },
);

async function judge(client: string, format: Format, stack: Stack, library: string): Promise<void> {
  const world = await startWorld();
  try {
    const bare = await bareRun(world, client, format);
    const cell = { load: 'register', format, client } as const;
    const env = { LATE_STACK: stack };
    const { code, stdout, stderr } = await runCell(world, cell, { file: `late.${format}`, env });
    assert.equal(code, 0, stderr);
    assert.equal(stdout, bare.stdout);
    assert.deepEqual(world.errors, []);
    assert.ok(recordOf(stderr, 'observability_initialized')['stack'] === stack, stderr);
    const allowed = Object.fromEntries(
      Object.values(CLIENTS[client]!.calls).map(({ model, times = 1 }) => [model, times]),
    );
    for (const models of [ofDatadog(world), ofOtlp(world)]) {
      for (const model of new Set(models)) {
        const count = models.filter((other) => other === model).length;
        assert.ok(count <= (allowed[model] ?? 0), `${model}: ${count} spans`);
      }
    }
    // What `import` has loaded leaves no trace in the process.
    if (stack === 'otlp' || format === 'mjs') return;
    const { libraries, by } = recordOf(stderr, 'KS-START-002') as {
      readonly libraries: readonly string[];
      readonly by: Readonly<Record<string, string>>;
    };
    const named = libraries.filter((name) => name === library || /smithy/.test(name));
    assert.ok(named.length > 0, JSON.stringify(libraries));
    for (const name of named) assert.match(by[name] ?? '', /fixtures[/\\]late\.cjs$/);
  } finally {
    await world.close();
  }
}

async function diagnose(client: string, format: Format, library: string): Promise<void> {
  const world = await startWorld();
  try {
    const file = join('test', 'matrix', 'fixtures', `late.${format}`);
    const child = spawn(
      process.execPath,
      [
        join(ROOT, 'bin', 'keepspan.js'),
        ...['doctor', '--json', '--only', 'tracer-order', '--', process.execPath, file],
        CLIENTS[client]!.program,
      ],
      {
        cwd: ROOT,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: {
          PATH: process.env['PATH'],
          HOME: process.env['HOME'],
          OPENAI_BASE_URL: `${world.url}/openai/v1`,
          OPENAI_API_KEY: 'a-key',
          BEDROCK_URL: world.url,
          DD_TRACE_AGENT_URL: world.url,
          KEEPSPAN_DELIVERY: 'none',
          LATE_STACK: 'datadog',
        },
      },
    );
    const { code, stdout, stderr } = await observe(child, LIMIT_MS).ended;
    assert.equal(code, 1, stderr);
    const { checks } = JSON.parse(stdout) as {
      readonly checks: readonly {
        readonly id: string;
        readonly status: string;
        readonly evidence: string[];
      }[];
    };
    const [check] = checks;
    assert.deepEqual([check?.id, check?.status], ['KS-LOAD-002', 'fail']);
    const line = check?.evidence.find((text) => text.startsWith(`${library} `));
    assert.match(line ?? '', new RegExp(`loaded by .*fixtures/late\\.${format}`), check?.evidence.join('\n'));
  } finally {
    await world.close();
  }
}

function ofDatadog({ events }: World): string[] {
  return events.flatMap(({ meta }) => (meta['span.kind'] === 'llm' ? [meta.model_name ?? ''] : []));
}

function ofOtlp({ otlp }: World): string[] {
  return otlp.flatMap(({ attributes }) =>
    attributes['gen_ai.operation.name'] === 'chat' ? [String(attributes['gen_ai.request.model'])] : [],
  );
}
