import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { build } from 'vite';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { suiteContext } from '../api/suite.ts';
import { createSite, ROOT } from '../e2e/support/site.ts';

/** Every function of the API that loads a part of Keepspan when it is first needed. */
const APPLICATION = `
import * as keepspan from ${JSON.stringify(join(ROOT, 'src', 'index.ts'))};
const { initObservability, lambda, manage, observeMetrics, onShutdown, shutdown, workflow } = keepspan;
const on = initObservability();
const resource = { close() {} };
const kept = manage(resource) === resource;
onShutdown('pools', 'pool', () => undefined)();
observeMetrics({})();
const answer = await workflow('w', async () => 42)();
const handled = await lambda(async () => 'handled')();
const { steps } = await shutdown('end');
console.log(JSON.stringify({ on, kept, answer, handled, steps }));
`;

describe('an application that took Keepspan into its bundle', () => {
  const t = suiteContext();
  let bundle = '';
  before(async () => {
    const folder = mkdtempSync(join(privateFolder(), 'bundle-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const entry = join(folder, 'app.mjs');
    writeFileSync(entry, APPLICATION);
    const outDir = join(folder, 'dist');
    await build({
      root: folder,
      logLevel: 'silent',
      ssr: { noExternal: true },
      build: { ssr: entry, outDir, rollupOptions: { output: { entryFileNames: 'app.mjs' } } },
    });
    bundle = join(outDir, 'app.mjs');
  });

  for (const [name, env] of [
    ['switched on', {}],
    ['switched off', { DD_LLMOBS_ENABLED: '0' }],
  ] as const) {
    it(`${name}: it runs on, and is told once what the bundler left behind (law L6)`, async (t) => {
      const site = await createSite(t);
      const { code, stdout, stderr } = await site.launch([bundle], { env }).ended;
      assert.equal(code, 0, stderr);
      assert.deepEqual(JSON.parse(stdout), {
        on: false,
        kept: true,
        answer: 42,
        handled: 'handled',
        steps: [],
      });
      const said = stderr
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { code?: string }).code);
      assert.deepEqual(said, ['KS-RUN-005'], stderr);
    });
  }
});
