import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createSite, recordsOf } from '../e2e/support/site.ts';

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const OFF = { DD_LLMOBS_ENABLED: undefined };

interface Look {
  readonly result: Readonly<Record<string, unknown>>;
  readonly listeners: Readonly<Record<string, number>>;
  readonly resources: readonly string[];
  readonly files: readonly string[];
  readonly threads: number;
  readonly loaded: readonly string[];
}

async function look(t: TestContext, use: boolean, env: Readonly<Record<string, string | undefined>>) {
  const site = await createSite(t);
  const preload = use ? ['--import', 'keepspan/register'] : [];
  const nodeArgs = ['--import', fixture('resolved.mjs'), ...preload];
  const { code, stdout, stderr } = await site.run('../../api/fixtures/look.mjs', use ? ['use'] : [], {
    nodeArgs,
    env,
  });
  assert.equal(code, 0, stderr);
  return { seen: JSON.parse(stdout) as Look, stderr, journal: site.journal };
}

describe('L10: nothing switched on means absent', () => {
  for (const [name, env] of Object.entries({
    'no variable': OFF,
    'DD_LLMOBS_ENABLED=0': { DD_LLMOBS_ENABLED: '0' },
    'KEEPSPAN_STACK=off beside DD_LLMOBS_ENABLED=1': { KEEPSPAN_STACK: 'off' },
  })) {
    it(`${name}: no tracer, no listener, no timer, file, socket or thread; the API answers; one line`, async (t) => {
      const bare = (await look(t, false, env)).seen;
      const { seen, stderr } = await look(t, true, env);
      assert.deepEqual(seen.listeners, bare.listeners);
      assert.deepEqual(seen.resources, bare.resources);
      assert.deepEqual(
        seen.files.filter((file) => !/pipe:|socket:|anon_inode/.test(file)),
        bare.files.filter((file) => !/pipe:|socket:|anon_inode/.test(file)),
      );
      assert.equal(seen.threads, 0);
      const foreign = seen.loaded.filter((url) => /node_modules/.test(url));
      assert.deepEqual(foreign, []);
      const builtins = seen.loaded.filter((url) => url.startsWith('node:'));
      for (const name of ['node:net', 'node:tls', 'node:dgram', 'node:cluster'])
        assert.ok(!builtins.includes(name), name);
      const off = 'KEEPSPAN_STACK' in env;
      const flushed = { complete: true, inTransit: 0, pending: 0, durationMs: 0 };
      assert.deepEqual(seen.result, {
        same: off,
        value: 1,
        exported: null,
        submitted: false,
        enabled: false,
        init: [false, false],
        health: 'disabled',
        flushed,
        closed: ['step', 'managed'],
        created: 0,
        reason: 'test',
      });
      const lines = stderr.split('\n').filter((line) => line !== '');
      assert.equal(lines.length, 1, stderr);
      assert.equal(recordsOf(stderr, 'observability_disabled').length, 1);
    });
  }

  it('the same look finds what is there when something is switched on (the control)', async (t) => {
    const bare = (await look(t, false, {})).seen;
    const { seen } = await look(t, true, {});
    assert.ok(seen.loaded.some((url) => url.includes('node_modules/dd-trace')));
    assert.ok((seen.listeners['exit'] ?? 0) > (bare.listeners['exit'] ?? 0));
    assert.ok(seen.threads > 0);
    assert.ok(seen.files.some((file) => file.includes('/journal/')));
  });
});
