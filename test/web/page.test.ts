import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { pathToFileURL } from 'node:url';
import { readPageFiles } from '../../src/workbench/page/files.ts';
import { pageRoutes } from '../../src/workbench/page/routes.ts';
import { ask, workbench } from '../workbench/support.ts';

const URLS = { datadogUrl: () => 'http://127.0.0.1:1', otlpUrl: () => 'http://127.0.0.1:2' };

function folderOf(t: TestContext, files: Readonly<Record<string, string>>): URL {
  const folder = mkdtempSync(join(tmpdir(), 'keepspan-page-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'assets'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return pathToFileURL(`${folder}/`);
}

describe('files of the page', () => {
  it('one document answers every page, and only pages', async (t) => {
    const bench = await workbench(t);
    const pages = [
      '/',
      '/traces?q=a',
      '/traces/abc',
      '/evals',
      '/evals/context_recall',
      '/ledger',
      '/alerts',
      '/checklist',
    ];
    const documents = await Promise.all(pages.map((path) => ask(bench.datadogUrl, path)));
    for (const [i, { status, headers, body }] of documents.entries()) {
      assert.deepEqual(
        [status, headers['content-type'], headers['cache-control']],
        [200, 'text/html; charset=utf-8', 'no-store'],
        pages[i],
      );
      assert.deepEqual(body, documents[0]?.body);
    }
    for (const path of [
      '/traces/a/b',
      '/settings',
      '/evals/a/b',
      '/index.html',
      '/assets/',
      '/assets/none.js',
      '/assets/..%2f..%2fpackage.json',
      '/src/main.tsx',
    ]) {
      assert.equal((await ask(bench.datadogUrl, path)).status, 404, path);
    }
  });

  it('what it names is there, is kept for good, and is all our own', async (t) => {
    const bench = await workbench(t);
    const page = (await ask(bench.datadogUrl, '/')).body.toString();
    const named = [...page.matchAll(/(?:src|href)="([^"]+)"/g)]
      .map((match) => match[1]!)
      .filter((path) => !path.startsWith('/api/'));
    assert.ok(named.length >= 3, page);
    for (const path of named) {
      const { status, headers, body } = await ask(bench.datadogUrl, path);
      assert.equal(status, 200, path);
      assert.match(String(headers['content-security-policy']), /require-trusted-types-for 'script'/);
      if (path.startsWith('/assets/')) assert.match(String(headers['cache-control']), /immutable/);
      assert.doesNotMatch(body.toString(), /@import|url\(["']?(?:https?:|\/\/|data:)/, path);
    }
    assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)/);
  });

  it('only known types are served, from inside the folder', (t) => {
    const folder = folderOf(t, {
      'index.html': 'i',
      'assets/a-1.js': 'a',
      'assets/a.js.map': 'm',
      'notes.txt': 'n',
    });
    const files = readPageFiles(folder);
    assert.deepEqual([...files.keys()], ['/assets/a-1.js', '/index.html']);
    assert.equal(files.get('/assets/a-1.js')?.immutable, true);
    assert.equal(files.get('/index.html')?.immutable, false);
  });

  it('a folder of too many files is read up to the bound', (t) => {
    const many = Object.fromEntries(
      Array.from({ length: 257 }, (_, i) => [`assets/${String(i).padStart(3, '0')}.js`, '']),
    );
    assert.equal(readPageFiles(folderOf(t, many)).size, 256);
  });

  it('without a build every page says how to make one', (t) => {
    const files = readPageFiles(new URL('nowhere/', folderOf(t, {})));
    assert.equal(files.size, 0);
    const route = pageRoutes(URLS, files).find(({ template }) => template === '/traces');
    const reply = route?.handle({} as Parameters<NonNullable<typeof route>['handle']>[0]) as {
      status: number;
      body: string;
    };
    assert.equal(reply.status, 503);
    assert.match(reply.body, /npm run build/);
    assert.match(reply.body, /127\.0\.0\.1:1/);
  });
});
