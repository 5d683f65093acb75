// Real package managers and builders: where they put things decides whether the tracer finds the application's libraries.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { install, installTools, LIBRARIES, outside, packed } from '../../scripts/counterparts/layouts.ts';
import { suiteContext } from '../api/suite.ts';
import { createSite } from '../e2e/support/site.ts';
import { assertLlmTrees } from '../inherit/support/llm-tree.ts';
import { startOpenAi } from '../spans/openai-server.ts';

const ASK = `
import OpenAI from 'openai';
import { flushObservability, workflow } from 'keepspan';
const client = new OpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: 'none' });
const messages = [{ role: 'user', content: 'what?' }];
const ask = workflow('workflow.ask', async () => (await client.chat.completions.create({ model: 'gpt-test', messages })).choices[0].message.content);
ask().then(async (text) => {
  process.stdout.write(text);
  await flushObservability({ timeoutMs: 20000 });
});
`;
const PRELOAD = ['--import', 'keepspan/register'] as const;

/** Seven installations. */
const LIMIT_MS = 600_000;

describe('layouts of package managers, and builders', { timeout: LIMIT_MS }, () => {
  const suite = suiteContext();
  let tools = '';
  let folder = '';
  let tarball = '';
  before(() => {
    tools = join(installTools(), 'node_modules');
    folder = mkdtempSync(join(outside(), 'layouts-'));
    suite.after(() => rmSync(folder, { recursive: true, force: true }));
    tarball = packed(folder);
  });

  /** An application that depends on Keepspan, the tracer and a client. */
  function application(name: string): string {
    const app = join(folder, name);
    mkdirSync(app, { recursive: true });
    const dependencies = { keepspan: `file:${tarball}`, ...LIBRARIES };
    writeFileSync(
      join(app, 'package.json'),
      JSON.stringify({ name, private: true, type: 'module', dependencies }),
    );
    writeFileSync(join(app, 'ask.mjs'), ASK);
    return app;
  }

  /** Runs it, and finds one workflow with one call of the model in it. */
  async function asks(t: TestContext, app: string, args: readonly string[], calls = 1): Promise<string> {
    const site = await createSite(t);
    const env = { OPENAI_BASE_URL: await startOpenAi(t) };
    const { code, stdout, stderr } = await site.launch(args, { env, cwd: app }).ended;
    assert.deepEqual([code, stdout], [0, '{"answer":42}'], stderr);
    if (calls > 0) assertLlmTrees(site.agent, calls);
    else assert.equal(site.agent.arrivals.spansNamed('openai.request'), 0);
    return stderr;
  }

  it('pnpm, symlinked store', async (t) => {
    const app = application('pnpm');
    install([process.execPath, join(tools, 'pnpm/bin/pnpm.cjs'), 'install', '--ignore-scripts'], app);
    await asks(t, app, [...PRELOAD, 'ask.mjs']);
  });

  it('pnpm workspace: the store lies above, dd-trace is the application’s alone', async (t) => {
    const root = join(folder, 'workspace');
    const app = application('workspace/packages/app');
    writeFileSync(join(root, 'package.json'), '{"name":"root","private":true}');
    writeFileSync(join(root, 'pnpm-workspace.yaml'), 'packages: ["packages/*"]\n');
    install([process.execPath, join(tools, 'pnpm/bin/pnpm.cjs'), 'install', '--ignore-scripts'], root);
    assert.equal(existsSync(join(root, 'node_modules', 'dd-trace')), false);
    await asks(t, app, [...PRELOAD, 'ask.mjs']);
  });

  it('Yarn 1', async (t) => {
    const app = application('yarn1');
    install([process.execPath, join(tools, 'yarn/bin/yarn.js'), 'install', '--ignore-scripts'], app);
    await asks(t, app, [...PRELOAD, 'ask.mjs']);
  });

  it('Yarn 4, Plug’n’Play: archives and no node_modules', async (t) => {
    const app = application('pnp');
    const yarn = join(tools, '@yarnpkg/cli-dist/bin/yarn.js');
    writeFileSync(
      join(app, '.yarnrc.yml'),
      'nodeLinker: pnp\nenableScripts: false\nenableTelemetry: false\n',
    );
    writeFileSync(join(app, 'yarn.lock'), '');
    install([process.execPath, yarn, 'install', '--no-immutable'], app);
    assert.equal(existsSync(join(app, 'node_modules')), false);
    const stderr = await asks(t, app, [yarn, 'node', ...PRELOAD, 'ask.mjs']);
    assert.doesNotMatch(stderr, /KS-DELIVERY-003/);
  });

  it('esbuild: with externals everything is there, without them the call of the model is not; tsx runs TypeScript', async (t) => {
    const app = application('built');
    install(['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts'], app);
    const esbuild = join(tools, 'esbuild/bin/esbuild');
    const build = (out: string, ...how: readonly string[]): void =>
      install([esbuild, 'ask.mjs', '--bundle', '--platform=node', `--outfile=${out}`, ...how], app);
    build('out/external.mjs', '--format=esm', '--packages=external');
    build('out/external.cjs', '--format=cjs', '--packages=external');
    build('out/whole.cjs', '--format=cjs', '--external:keepspan');
    await asks(t, app, [...PRELOAD, 'out/external.mjs']);
    await asks(t, app, [...PRELOAD, 'out/external.cjs']);
    await asks(t, app, [...PRELOAD, 'out/whole.cjs'], 0);
    writeFileSync(join(app, 'ask.ts'), `${ASK}\nexport enum Kind { Typed = 'typed' }\n`);
    await asks(t, app, [join(tools, 'tsx/dist/cli.mjs'), ...PRELOAD, 'ask.ts']);
  });
});
