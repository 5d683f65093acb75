// A CustodySpanProcessor that the application makes, and nothing else of ours: its instrumentation is mended all the same.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CLIENTS, type Format } from './support/cells.ts';
import { bareRun, runCell } from './support/run-cell.ts';
import { startWorld } from './support/world.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const FORMATS: readonly Format[] = process.env['KEEPSPAN_TEST_FULL'] === '1' ? ['mjs', 'cjs'] : ['mjs'];

describe('a CustodySpanProcessor in code, and no preload', { concurrency: 2 }, () => {
  for (const format of FORMATS) {
    it(`openai 6, ${format}: one span each, results as ever`, { timeout: 120_000 }, async () => {
      const world = await startWorld();
      try {
        const cell = { load: 'register', format, client: 'openai 6' } as const;
        const { code, stdout, stderr } = await runCell(world, cell, {
          nodeArgs: ['--import', join(ROOT, 'test', 'matrix', 'fixtures', 'otel.mjs')],
          env: { MATRIX_PROCESSOR: '1' },
        });
        assert.equal(code, 0, stderr);
        assert.equal(stdout, (await bareRun(world, 'openai 6', format)).stdout);
        const models = Object.values(CLIENTS['openai 6']!.calls).map(({ model }) => model);
        const arrived = world.otlp.map(({ attributes }) => String(attributes['gen_ai.request.model']));
        assert.deepEqual(arrived.toSorted(), models.toSorted());
        assert.doesNotMatch(stderr, /"level":"(?:warn|error)"/);
      } finally {
        await world.close();
      }
    });
  }
});
