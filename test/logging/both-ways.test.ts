import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { createStandIn } from '../../examples/extraction/standin/server.ts';
import { ExtractionClient } from '../../scripts/main-job/client.ts';
import { cleanEnvironment, serviceEnvironment } from '../../scripts/main-job/environment.ts';
import { Programs } from '../../scripts/main-job/processes.ts';
import { startService } from '../../scripts/main-job/service.ts';
import { startReceiver } from '../support/receiver.ts';

const SERVICE = fileURLToPath(new URL('../../examples/extraction/server.ts', import.meta.url));
const journalDir = mkdtempSync(join(privateFolder(), 'logging-'));
const programs = new Programs();
const standIn = createStandIn({ latencyMs: 1 });
const receiver = await startReceiver({});
after(async () => {
  programs.killAll();
  standIn.close();
  standIn.closeAllConnections();
  await receiver.close();
  rmSync(journalDir, { recursive: true, force: true });
});

const LICENCES = ['MIT License', 'Apache License\nVersion 2.0', 'ISC License', ''];
const DOCUMENTS = Array.from({ length: 8 }, (_, index) => ({
  id: `pkg-${index}`,
  readme: `# pkg-${index}\n\nRequires Node.js >= ${18 + index}.\n\nSee https://github.com/o/pkg-${index} for more.`,
  license: `${LICENCES[index % 4]}\n\nCopyright (c) 2020 Jane Doe`,
  manifest: { name: `pkg-${index}`, license: 'W', author: 'W', repository: 'W', engines: 'W', homepage: 'W' },
}));

/** What the service makes of the documents, without how long it took. */
async function extractWith(switches: Readonly<Record<string, string>>) {
  const { port } = standIn.address() as AddressInfo;
  const service = await startService(programs, SERVICE, {
    ...cleanEnvironment(process.env),
    ...serviceEnvironment({
      agentUrl: receiver.url,
      journalDir,
      queueUrl: `http://127.0.0.1:${port}/queues/q/messages`,
      model: { baseUrl: `http://127.0.0.1:${port}/v1`, apiKey: 'none', name: undefined },
    }),
    ...switches,
  });
  const client = new ExtractionClient(DOCUMENTS);
  await client.run(service.baseUrl, 3);
  const missing = await fetch(`${service.baseUrl}/documents/nowhere/result`);
  const refused = await fetch(`${service.baseUrl}/extract`, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  });
  const answers = [missing, refused].map(({ status }) => status);
  const exit = await service.stop('SIGTERM');
  assert.deepEqual(client.failures, []);
  const results = DOCUMENTS.map(({ id }) => {
    const { durationMs: _took, ...result } = client.results.get(id) ?? { durationMs: 0 };
    return result;
  });
  return { results, answers, stderr: service.outputTail(), exit };
}

test(
  'the same code makes the same of the same documents, observed or not',
  { timeout: 120_000 },
  async () => {
    await new Promise<void>((resolve) => {
      standIn.listen(0, '127.0.0.1', resolve);
    });
    const off = await extractWith({ DD_LLMOBS_ENABLED: '0' });
    assert.equal(receiver.arrivals.counts().llmSpans.unique, 0);
    assert.match(off.stderr, /observability_disabled/);
    const on = await extractWith({ DD_LLMOBS_ENABLED: '1' });
    const named = await extractWith({ KEEPSPAN_STACK: 'off' });

    assert.equal(off.results.length, DOCUMENTS.length);
    assert.ok(off.results.every((result) => 'fields' in result && result.fields.length === 5));
    assert.deepEqual(on.results, off.results);
    assert.deepEqual(named.results, off.results);
    assert.deepEqual([on.answers, named.answers], [off.answers, off.answers]);
    assert.match(on.stderr, /observability_initialized/);
    assert.ok(receiver.arrivals.counts().llmSpans.unique > 0, 'it was observed');
  },
);
