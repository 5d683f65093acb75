import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createStandIn } from '../../examples/extraction/standin/server.ts';
import { ExtractionClient } from '../../scripts/main-job/client.ts';
import { cleanEnvironment } from '../../scripts/main-job/environment.ts';
import { Programs } from '../../scripts/main-job/processes.ts';
import { startService } from '../../scripts/main-job/service.ts';

const SERVICE = fileURLToPath(new URL('../../examples/extraction/server.ts', import.meta.url));
const programs = new Programs();
const standIn = createStandIn({ latencyMs: 1 });
after(() => {
  programs.killAll();
  standIn.close();
  standIn.closeAllConnections();
});

it('the service extracts with Keepspan switched off, and polls its queue', { timeout: 30_000 }, async () => {
  await new Promise<void>((resolve) => {
    standIn.listen(0, '127.0.0.1', resolve);
  });
  const { port } = standIn.address() as AddressInfo;
  const service = await startService(programs, SERVICE, {
    ...cleanEnvironment(process.env),
    OPENAI_BASE_URL: `http://127.0.0.1:${port}/v1`,
    OPENAI_API_KEY: 'none',
    EXTRACTION_PORT: '0',
    EXTRACTION_POLL_INTERVAL_MS: '10',
    EXTRACTION_QUEUE_URL: `http://127.0.0.1:${port}/queues/q/messages`,
  });
  const client = new ExtractionClient([
    {
      id: 'pkg',
      readme: '# pkg\n\nRequires Node.js >= 20.\n\nSee https://github.com/o/pkg for more.',
      license: 'MIT License\n\nCopyright (c) 2020 Jane Doe',
      manifest: {
        name: 'pkg',
        license: 'WRONG',
        author: 'WRONG',
        repository: 'WRONG',
        engines: 'WRONG',
        homepage: 'WRONG',
      },
    },
  ]);
  await client.run(service.baseUrl, 1);
  assert.deepEqual(client.failures, []);
  assert.deepEqual(
    client.results.get('pkg')?.fields.map((field) => [field.name, field.value, field.grounded]),
    [
      ['license', 'MIT', true],
      ['repository', 'https://github.com/o/pkg', true],
      ['author', 'Jane Doe', true],
      ['node_version', '>=20', true],
      ['homepage', 'https://github.com/o/pkg#readme', false],
    ],
  );
  const health = (await (await fetch(`${service.baseUrl}/health`)).json()) as Record<string, unknown>;
  assert.equal(health['done'], 1);
  assert.ok(Number(health['polls']) > 0);
  await service.stop('SIGTERM');
});
