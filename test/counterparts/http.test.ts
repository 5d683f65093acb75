import assert from 'node:assert/strict';
import { Agent, createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { createStage } from './support/program.ts';
import type { Span } from './support/traffic.ts';

const FRAMEWORKS = ['http', 'fastify', 'express'] as const;
const CONNECTIONS = 8;
/** Requests of each framework: nine probes to one request with work, every 300th probe fails. */
const REQUESTS = 900;

function targets(): string[] {
  return Array.from({ length: REQUESTS }, (_, n) => {
    if (n % 10 === 0) return `/work/${n}`;
    if (n % 300 === 1) return '/health?fail=1';
    return n % 2 === 0 ? '/health?call=1' : '/health';
  });
}

/** Every target once, over so many connections at a time. */
async function load(origin: string): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const queue = targets();
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      for (let target = queue.pop(); target !== undefined; target = queue.pop())
        await request(agent, origin + target);
    }),
  );
  agent.destroy();
}

function request(agent: Agent, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = get(url, { agent, timeout: 10_000 }, (response) => response.resume().on('end', resolve));
    sent.on('timeout', () => sent.destroy(new Error('no answer'))).on('error', reject);
  });
}

const isServer = ({ tags }: Span): boolean => tags['span.kind'] === 'server';
const pathOf = ({ tags }: Span): string => new URL(String(tags['http.url'])).pathname;

describe('health probes under load, with the rules of the requirement', () => {
  it('0 probes are kept, with outgoing calls and without; failed ones and all work are', async (t) => {
    const stage = await createStage(t);
    const backend = createServer((_request, response) => response.end('well'));
    await new Promise<void>((resolve) => backend.listen(0, '127.0.0.1', resolve));
    t.after(() => backend.close());
    const { port } = backend.address() as AddressInfo;
    const program = stage.start('keepspan', 'http-services.mjs', [`http://127.0.0.1:${port}`]);
    const [, json] = await program.says(/listening (.*)\n/);
    const origins = JSON.parse(json!) as Record<(typeof FRAMEWORKS)[number], string>;
    for (const framework of FRAMEWORKS) await load(origins[framework]);
    program.process.kill('SIGTERM');
    const { code, stderr } = await program.ended;
    assert.equal(code, 0, stderr);
    assert.deepEqual(stage.traffic.errors(), []);

    const { traffic } = stage;
    const kept = traffic.spans().filter((span) => span.kept);
    for (const framework of FRAMEWORKS) {
      const roots = kept.filter(
        (span) => isServer(span) && String(span.tags['http.url']).startsWith(origins[framework]),
      );
      const probes = roots.filter((span) => pathOf(span) === '/health');
      assert.deepEqual(
        probes.filter(({ error }) => error === 0),
        [],
        framework,
      );
      assert.equal(probes.length, REQUESTS / 300, `${framework}: failed probes`);
      assert.equal(
        roots.filter((span) => pathOf(span).startsWith('/work/')).length,
        REQUESTS / 10,
        `${framework}: work`,
      );
    }
    assert.equal(
      kept.filter(({ name }) => name === 'workflow.extract').length,
      (FRAMEWORKS.length * REQUESTS) / 10,
    );
    // The subtree goes with its root: no outgoing call of a probe is left alone.
    const traces = new Set(kept.filter(({ parentId }) => parentId === '0').map(({ traceId }) => traceId));
    assert.deepEqual(
      kept.filter(({ traceId }) => !traces.has(traceId)),
      [],
    );
  });
});
