import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { demoDocuments, isRight } from '../../src/cli/demo/documents.ts';
import { startStandIn, type Answer } from '../../src/cli/demo/standin.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(privateFolder(), 'demo-test-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));

function install(name: string, manifest: unknown, texts: Readonly<Record<string, string>>): void {
  const dir = join(folder, 'node_modules', name);
  mkdirSync(dir, { recursive: true });
  writeFileSync(
    join(dir, 'package.json'),
    typeof manifest === 'string' ? manifest : JSON.stringify(manifest),
  );
  for (const [file, text] of Object.entries(texts)) writeFileSync(join(dir, file), text);
}

describe('the documents of the demonstration', () => {
  it('are the texts of installed packages, and what their manifests say stays apart', () => {
    install(
      'a',
      { license: 'MIT', repository: 'o/a' },
      { 'README.md': 'A', LICENSE: 'MIT', 'index.js': 'x' },
    );
    install('@s/b', { repository: { url: 'git+https://github.com/o/b.git' } }, { 'readme.md': 'B' });
    install('broken', '{', { 'README.md': 'C' });
    install('silent', { license: 'MIT' }, {});
    install('d', {}, { 'LICENSE.txt': 'x'.repeat(40_000) });
    const documents = demoDocuments(folder, join(folder, 'nowhere'));
    assert.deepEqual(
      documents.map(({ name, texts, truth }) => [name, texts.length, truth]),
      [
        ['@s/b', 1, { repository: 'git+https://github.com/o/b.git' }],
        ['a', 2, { license: 'MIT', repository: 'o/a' }],
        ['d', 1, {}],
      ],
    );
    assert.equal(documents[2]?.texts[0]?.length, 32 << 10);
  });

  it('are at most forty, and those beside the package where there are too few', () => {
    assert.equal(demoDocuments(ROOT, '/nowhere').length, 40);
    assert.equal(demoDocuments('/nowhere', join(ROOT, 'node_modules')).length, 40);
  });

  it('are judged by value, not by spelling', () => {
    assert.ok(isRight('repository', 'https://github.com/O/a', 'git+https://github.com/o/a.git'));
    assert.ok(isRight('repository', 'https://github.com/o/a', 'github:o/a'));
    assert.ok(!isRight('repository', 'https://github.com/o/b', 'o/a'));
    assert.ok(!isRight('license', null, 'MIT'));
  });
});

it('the stand-in answers by patterns and says null where there is none', async () => {
  const standIn = await startStandIn();
  const ask = async (field: string, ...passages: string[]): Promise<Answer> => {
    const response = await fetch(standIn.url, { method: 'POST', body: JSON.stringify({ field, passages }) });
    return (await response.json()) as Answer;
  };
  try {
    assert.equal((await ask('license', 'The MIT License')).value, 'MIT');
    assert.equal((await ask('repository', 'git@github.com:o/r.git')).value, 'https://github.com/o/r');
    const nothing = await ask('license', 'see elsewhere');
    assert.deepEqual([nothing.value, nothing.confidence, nothing.inputTokens > 5], [null, 0, true]);
    assert.equal((await fetch(standIn.url, { method: 'POST', body: 'no JSON' })).status, 400);
    assert.equal((await fetch(`${standIn.url}/queues/a`)).status, 204);
    assert.equal(standIn.polls(), 1);
  } finally {
    standIn.close();
  }
});

const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
if (FULL) {
  it('keepspan demo accounts for everything, in five runs and an outage', { timeout: 180_000 }, async () => {
    const main = new URL('../../src/cli/main.ts', import.meta.url).href;
    const program = `import { main } from ${JSON.stringify(main)}; await main(process.argv.slice(1));`;
    const stdout = await new Promise<string>((resolve, reject) => {
      execFile(
        process.execPath,
        ['--input-type=module', '-e', program, '--', 'demo', '--json'],
        {
          cwd: ROOT,
          env: {
            ...{ PATH: process.env['PATH'], HOME: folder, DD_TRACE_STARTUP_LOGS: 'false' },
            KEEPSPAN_JOURNAL_DIR: join(folder, 'state', 'journal'),
          },
        },
        (error, text, errors) => (error === null ? resolve(text) : reject(new Error(text + errors))),
      );
    });
    const { ok, documents, quality, drills, checks } = JSON.parse(stdout) as {
      readonly ok: boolean;
      readonly documents: number;
      readonly quality: { readonly fields: number; readonly correct: number };
      readonly drills: readonly { readonly name: string; readonly problems: readonly string[] }[];
      readonly checks: readonly { readonly status: string }[];
    };
    assert.ok(ok);
    assert.equal(documents, 40);
    assert.ok(quality.correct > 0 && quality.correct < quality.fields, 'its errors count');
    assert.deepEqual(
      drills.map(({ name }) => name),
      ['sigterm', 'sigkill', 'outage'],
    );
    assert.ok(checks.every(({ status }) => status === 'pass'));
  });
}
