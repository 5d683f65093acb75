// A real Next.js production build: with the clients kept external every span is there, and without, doctor says why not.
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it, type TestContext } from 'node:test';
import { install, LIBRARIES, outside, packed } from '../../scripts/counterparts/layouts.ts';
import { llmEvents } from '../api/events.ts';
import { createSite, ROOT, type Site } from '../e2e/support/site.ts';
import { startOpenAi } from '../spans/openai-server.ts';

const NEXT = { next: '16.4.6', react: '19.3.1', 'react-dom': '19.3.1' };

const ROUTE = `
import OpenAI from 'openai';
export const dynamic = 'force-dynamic';
export async function GET() {
  const client = new OpenAI({ baseURL: process.env.OPENAI_BASE_URL, apiKey: 'none' });
  const messages = [{ role: 'user', content: 'what?' }];
  const { choices } = await client.chat.completions.create({ model: 'gpt-test', messages });
  return Response.json({ text: choices[0].message.content });
}
`;
const EXTERNAL = `export default { serverExternalPackages: ['keepspan', 'dd-trace', 'openai'] };`;
const START = `NODE_OPTIONS="--import keepspan/register" next start`;

/** An installation and two builds. */
const LIMIT_MS = 600_000;

describe('Next.js, as it is built for production', { timeout: LIMIT_MS }, () => {
  let app = '';
  const next = (): string => join(app, 'node_modules', 'next', 'dist', 'bin', 'next');
  before(() => {
    // Stays: 360 MB that only the first run installs.
    app = join(outside(), `next-${NEXT.next}`);
    mkdirSync(app, { recursive: true });
    const dependencies = { keepspan: `file:${packed(app)}`, ...LIBRARIES, ...NEXT };
    const manifest = { name: 'next-app', private: true, scripts: { start: START }, dependencies };
    writeFileSync(join(app, 'package.json'), JSON.stringify(manifest));
    mkdirSync(join(app, 'app', 'ask'), { recursive: true });
    writeFileSync(
      join(app, 'app', 'layout.js'),
      'export default ({ children }) => <html><body>{children}</body></html>;',
    );
    writeFileSync(join(app, 'app', 'ask', 'route.js'), ROUTE);
    install(['npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts'], app);
  });

  /** Builds it, starts it, asks once, stops it. */
  async function ask(t: TestContext, config: string): Promise<Site> {
    writeFileSync(join(app, 'next.config.mjs'), config);
    rmSync(join(app, '.next'), { recursive: true, force: true });
    install([process.execPath, next(), 'build'], app);
    const site = await createSite(t);
    const child = site.launch([next(), 'start', '-p', '0', '-H', '127.0.0.1'], {
      cwd: app,
      env: {
        NODE_ENV: 'production',
        NODE_OPTIONS: '--import keepspan/register',
        NEXT_TELEMETRY_DISABLED: '1',
        OPENAI_BASE_URL: await startOpenAi(t),
      },
    });
    const [, origin] = await child.says(/Local:\s+(http:\S+)[^]*Ready/);
    const response = await fetch(`${origin}/ask`);
    assert.deepEqual(await response.json(), { text: '{"answer":42}' });
    child.process.kill('SIGTERM');
    const { stderr } = await child.ended;
    assert.match(stderr, /"observability_shutdown"/);
    await site.replay();
    return site;
  }

  async function doctor(t: TestContext): Promise<string> {
    const site = await createSite(t);
    const { stdout } = await site.launch([join(ROOT, 'bin', 'keepspan.js'), 'doctor', app, '--json']).ended;
    const { checks } = JSON.parse(stdout) as { checks: { id: string; status: string }[] };
    return checks.find(({ id }) => id === 'KS-BUNDLE-002')?.status ?? 'absent';
  }

  it('serverExternalPackages: the request and the call of the model, each once; doctor passes it', async (t) => {
    const { agent } = await ask(t, EXTERNAL);
    assert.equal(agent.arrivals.spansNamed('openai.request'), 1);
    assert.equal(agent.arrivals.spansNamed('next.request'), 1);
    assert.deepEqual(
      llmEvents(agent).map(({ name }) => name),
      ['OpenAI.createChatCompletion'],
    );
    assert.equal(await doctor(t), 'pass');
  });

  it('without it the call of the model has no span, and doctor says why', async (t) => {
    const { agent } = await ask(t, 'export default {};');
    assert.equal(agent.arrivals.spansNamed('openai.request'), 0);
    assert.equal(await doctor(t), 'fail');
  });
});
