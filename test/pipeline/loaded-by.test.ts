import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { importerOf, type CachedModule } from '../../src/pipeline/loaded-by.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(privateFolder(), 'loaded-by-'));
after(() => rmSync(folder, { recursive: true, force: true }));

it('follows packages up to the file of the application, and ends in any graph', () => {
  const app: CachedModule = { filename: '/app/src/a.js' };
  const between: CachedModule = { filename: '/app/node_modules/@acme/llm/index.js', parent: app };
  const cache = {
    '/app/src/a.js': app,
    '/app/node_modules/openai/index.js': { filename: '/app/node_modules/openai/index.js', parent: between },
  };
  const isOpenAi = (file: string) => file.includes('/openai/');
  assert.equal(importerOf(cache, isOpenAi), '/app/src/a.js');
  const circle: { filename: string; parent?: CachedModule } = { filename: '/app/node_modules/openai/a.js' };
  circle.parent = circle;
  assert.equal(importerOf({ '/app/node_modules/openai/a.js': circle }, isOpenAi), '(preload or ES module)');
  assert.equal(importerOf({}, isOpenAi), '(preload or ES module)');
});

it('a late start names the library with the file that asked for it, in the record and the warning', () => {
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'llm.cjs'), "module.exports = require('openai');\n");
  writeFileSync(
    join(folder, 'app.cjs'),
    `require('./llm.cjs');
     const { initObservability, shutdown } = require(${JSON.stringify(join(root, 'src/index.ts'))});
     initObservability();
     void shutdown().then(() => process.exit(0));\n`,
  );
  const { status, stderr } = spawnSync(process.execPath, [join(folder, 'app.cjs')], {
    encoding: 'utf8',
    timeout: 60_000,
    env: {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      DD_LLMOBS_ENABLED: '1',
      DD_TRACE_AGENT_URL: 'http://127.0.0.1:9',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
      KEEPSPAN_DELIVERY: 'none',
      KEEPSPAN_JOURNAL_DIR: join(folder, 'journal'),
    },
  });
  assert.equal(status, 0, stderr);
  const records = stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
  const by = { openai: join(folder, 'llm.cjs') };
  const started = records.find(({ msg }) => msg === 'observability_initialized');
  assert.deepEqual(
    (started?.['checked'] as Readonly<Record<string, unknown>> | undefined)?.['loaded_by'],
    by,
  );
  assert.deepEqual(records.find(({ code }) => code === 'KS-START-002')?.['by'], by);
});
