import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createSite, ROOT } from '../e2e/support/site.ts';
import { startOpenAi } from '../spans/openai-server.ts';
import { REGISTER } from './support/function.ts';
import { assertLlmTrees } from './support/llm-tree.ts';

const FIXTURES = join(ROOT, 'test', 'inherit', 'fixtures');

describe('services as they run in production', { concurrency: 2 }, () => {
  for (const { file, root, resource } of [
    { file: 'express.mjs', root: 'express.request', resource: 'GET /ask' },
    { file: 'nest.cjs', root: 'express.request', resource: 'GET /ask' },
  ]) {
    it(`${file}: the request, the workflow in it and the call of the model, each once`, async (t) => {
      const site = await createSite(t);
      const env = { NODE_ENV: 'production', OPENAI_BASE_URL: await startOpenAi(t) };
      const { code, stdout, stderr } = await site.launch(['--import', REGISTER, join(FIXTURES, file)], {
        env,
      }).ended;
      assert.deepEqual([code, stdout], [0, '{"text":"{\\"answer\\":42}"}'], stderr);
      assertLlmTrees(site.agent, 1);
      assert.equal(site.agent.arrivals.spansNamed(root, resource), 1);
    });
  }

  it('TypeScript run by Node: main thread, worker thread and forked process', async (t) => {
    const site = await createSite(t);
    const env = {
      OPENAI_BASE_URL: await startOpenAi(t),
      // Else the tracer makes a span of its own of each fork.
      DD_TRACE_DISABLED_INSTRUMENTATIONS: 'child_process',
    };
    const { code, stdout, stderr } = await site.launch(['--import', REGISTER, join(FIXTURES, 'typed.ts')], {
      env,
    }).ended;
    assert.deepEqual([code, stdout], [0, '{"answer":42}\n'.repeat(3)], stderr);
    assertLlmTrees(site.agent, 3);
  });
});
