import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { createStandIn } from '../../examples/extraction/standin/server.ts';
import { ExtractionClient } from '../../scripts/main-job/client.ts';
import { cleanEnvironment, serviceEnvironment } from '../../scripts/main-job/environment.ts';
import { startReceiver } from '../support/receiver.ts';

const FIXTURE = fileURLToPath(new URL('../fixtures/logging/noisy-service.ts', import.meta.url));
const journalDir = mkdtempSync(join(privateFolder(), 'logging-'));
const standIn = createStandIn({ latencyMs: 1 });
const receiver = await startReceiver({});
after(async () => {
  standIn.close();
  standIn.closeAllConnections();
  await receiver.close();
  rmSync(journalDir, { recursive: true, force: true });
});

const DOCUMENTS = Array.from({ length: 12 }, (_, index) => ({
  id: `pkg-${index}`,
  readme: '# pkg\n\nRequires Node.js >= 20.',
  license: 'MIT License\n\nCopyright (c) 2020 Jane Doe',
  manifest: {
    name: 'pkg',
    license: 'WRONG',
    author: 'WRONG',
    repository: 'WRONG',
    engines: 'WRONG',
    homepage: 'WRONG',
  },
}));

test(
  'every line on stdout under load parses, is held to its level and has the right ids, once',
  { timeout: 120_000 },
  async (t) => {
    await new Promise<void>((resolve) => {
      standIn.listen(0, '127.0.0.1', resolve);
    });
    const { port } = standIn.address() as AddressInfo;
    const child = spawn(process.execPath, ['--import', 'keepspan/register', FIXTURE], {
      env: {
        ...cleanEnvironment(process.env),
        ...serviceEnvironment({
          agentUrl: receiver.url,
          journalDir,
          queueUrl: `http://127.0.0.1:${port}/queues/q/messages`,
          model: {
            baseUrl: `http://127.0.0.1:${port}/v1`,
            apiKey: 'sk-secret-of-the-model',
            name: undefined,
          },
        }),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.after(() => child.kill('SIGKILL'));
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-4_000)));
    const raw: string[] = [];
    const ended = new Promise<number | null>((resolve) => {
      child.on('close', resolve);
    });
    const listening = new Promise<string>((resolve, reject) => {
      child.on('close', () => reject(new Error(`it ended before it listened: ${stderr}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        raw.push(line);
        const { addresses } = JSON.parse(line) as { addresses?: [{ port: number }] };
        if (addresses !== undefined) resolve(`http://127.0.0.1:${addresses[0].port}`);
      });
    });
    const client = new ExtractionClient(DOCUMENTS);
    await client.run(await listening, 4);
    assert.deepEqual(client.failures, []);
    assert.equal(client.done, DOCUMENTS.length);
    child.kill('SIGTERM');
    assert.equal(await ended, 0, stderr);

    const records = raw.map((line) => JSON.parse(line) as Record<string, unknown>);
    let checked = 0;
    for (const [index, record] of records.entries()) {
      const line = raw[index] ?? '';
      for (const key of ['"dd":', '"trace_id":"', '"span_id":"']) {
        // Inside `dd` the ids stand once more, in Datadog's notation.
        const outside = line.replace(/"dd":\{[^}]*\}/, key === '"dd":' ? '"dd":{}' : '');
        assert.ok(outside.split(key).length <= 2, line);
      }
      const [, trace, span] = /\[(\w{32}) (\w{16})\]/.exec(String(record['msg'])) ?? [];
      if (trace === undefined || span === undefined) continue;
      checked += 1;
      const dd = record['dd'] as Record<string, string>;
      assert.deepEqual([record['trace_id'], record['span_id']], [trace, span], line);
      assert.deepEqual([dd['trace_id'], dd['span_id']], [trace, BigInt(`0x${span}`).toString()], line);
      assert.deepEqual(
        [record['service'], record['env'], record['version']],
        ['extraction', 'production', '1.0.0'],
      );
    }
    // Eight lines for each of the five questions about each document.
    assert.equal(checked, DOCUMENTS.length * 5 * 8);

    const count = (logger: string, level: string) =>
      records.filter((record) => record['logger'] === logger && record['level'] === level).length;
    for (const logger of ['aws', 'opensearch', 'kafka']) {
      assert.ok(count(logger, 'error') + count(logger, 'warn') > 0, `${logger} has failed and said so`);
      assert.equal(count(logger, 'info') + count(logger, 'debug'), 0, logger);
    }
    assert.equal(count('http', 'warn'), 1, 'a minute has not passed');
    assert.equal(count('console', 'warn') > 0 && count('stdout', 'info') > 0, true);
    assert.equal(records.filter(({ logger }) => logger === 'debug').length, 0);
    assert.equal(
      records.filter(({ msg }) => msg === 'observability_shutdown').length,
      1,
      'by the application’s logger',
    );
    assert.doesNotMatch(raw.join('\n'), /sk-secret|words of the prompt|key=hidden/);
  },
);
