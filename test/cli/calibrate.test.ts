import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).href;

describe('keepspan calibrate', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'keepspan-calibrate-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function run(args: readonly string[], input = '') {
    const code = `import { main } from ${JSON.stringify(MAIN)}; await main(process.argv.slice(1));`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', code, '--', 'calibrate', ...args],
      { encoding: 'utf8', input, cwd: fileURLToPath(new URL('../..', import.meta.url)), timeout: 60_000 },
    );
    return { status, stdout, stderr };
  }

  function file(records: readonly object[]): string {
    const path = join(folder, 'records.jsonl');
    writeFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    return path;
  }

  const good = [
    ...Array.from({ length: 80 }, () => ({ score: 0.9, complete: true, field: 'total' })),
    ...Array.from({ length: 20 }, () => ({ score: 0.2, complete: false, field: 'total' })),
    { score: 0.9, complete: false, field: 'other' },
  ];

  it('names the threshold, with a plot and a document; exit 0', () => {
    const path = file(good);
    const svg = join(folder, 'plot.svg');
    const text = run([path, '--field', 'total', '--svg', svg]);
    assert.equal(text.status, 0, text.stderr);
    assert.match(text.stdout, /100 requests, 100 labelled, 20 incomplete/);
    assert.match(text.stdout, /KEEPSPAN_RECALL_THRESHOLD=0\.21 meets the target: at most 5\.0 % missed/);
    assert.match(readFileSync(svg, 'utf8'), /^<svg/);
    const json = run(['-', '--json', '--max-miss', '0.1'], readFileSync(path, 'utf8'));
    assert.equal(json.status, 0, json.stderr);
    const document = JSON.parse(json.stdout) as Record<string, unknown>;
    assert.deepEqual([document['schemaVersion'], document['requests']], [1, 101]);
    assert.equal((document['chosen'] as { threshold: number }).threshold, 0.21);
    assert.equal((document['rows'] as unknown[]).length, 101);
  });

  it('exits 1 when no threshold meets the target', () => {
    const found = run([file([...good, { score: 1, complete: false }]), '--max-miss', '0', '--json']);
    assert.equal(found.status, 1, found.stderr);
    assert.equal((JSON.parse(found.stdout) as { chosen: unknown }).chosen, null);
    assert.match(run([file(good), '--confident']).stdout, /no threshold meets the target.*95 % confidence/);
  });

  it('exits 2 without labels, without the file, and on a target that is none', () => {
    const unlabelled = run([file([{ score: 0.5 }, { score: 3 }])]);
    assert.equal(unlabelled.status, 2);
    assert.match(unlabelled.stderr, /KS-CALIBRATE-001.*line 2: score/);
    assert.match(unlabelled.stderr, /fix {4}give records/);
    const missing = run([join(folder, 'nothing.jsonl')]);
    assert.equal(missing.status, 2);
    assert.match(missing.stderr, /ENOENT/);
    assert.equal(run([file(good), '--max-miss', '5']).status, 2);
  });
});
