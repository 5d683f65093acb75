import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { openDirectory } from '../../src/journal/directory.ts';
import { RecordFiles, type KeptRecord } from '../../src/pipeline/recall/record-book.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).href;
const DAY_MS = 86_400_000;

function run(args: readonly string[], input = '') {
  const code = `import { main } from ${JSON.stringify(MAIN)}; await main(process.argv.slice(1));`;
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module', '--eval', code, '--', ...args],
    { encoding: 'utf8', input, cwd: fileURLToPath(new URL('../..', import.meta.url)), timeout: 60_000 },
  );
  return { status, stdout, stderr };
}

/** A journal with fifty records of two days ago and fifty of now, of which ten were audited, two of them incomplete. */
function leave(t: TestContext): string {
  const journal = join(mkdtempSync(join(privateFolder(), 'evaluate-')), 'journal');
  t.after(() => rmSync(join(journal, '..'), { recursive: true, force: true }));
  openDirectory(journal);
  const files = new RecordFiles(openDirectory(join(journal, 'recall')), (error) =>
    assert.fail(String(error)),
  );
  const of = (n: number, timeMs: number): KeptRecord => ({
    id: `w.${timeMs}.${n}`,
    timeMs,
    score: n < 10 ? 0.2 : 0.9,
    threshold: 0.7,
    auditRate: 0.2,
    ...(n < 10 ? { judgeScore: 0.1 } : n < 20 ? { judgeScore: n < 12 ? 0.2 : 0.9, audit: true } : {}),
  });
  for (const timeMs of [Date.now() - 2 * DAY_MS, Date.now()])
    files.add(Array.from({ length: 50 }, (_, n) => of(n, timeMs)));
  return journal;
}

describe('keepspan evaluate --records', () => {
  it('prints what `keepspan calibrate` reads: all of it, or of some time', (t) => {
    const journal = leave(t);
    const all = run(['evaluate', '--journal', journal, '--records']);
    assert.equal(all.status, 0, all.stderr);
    assert.equal(all.stdout.trim().split('\n').length, 100);
    const lately = run(['evaluate', '--journal', journal, '--records', '--since', '1d']);
    assert.equal(lately.stdout.trim().split('\n').length, 50);

    const calibrated = run(['calibrate', '-', '--max-miss', '0.6', '--json'], lately.stdout);
    assert.equal(calibrated.status, 0, calibrated.stderr);
    const { requests, labelled, incomplete, unusable } = JSON.parse(calibrated.stdout) as Record<
      string,
      number
    >;
    // Ten judged below the threshold, and two audited that stand for five each.
    assert.deepEqual([requests, labelled, incomplete, unusable], [50, 20, 20, 0]);
  });

  it('an age that is none is said; nothing recorded is nothing printed', (t) => {
    const journal = leave(t);
    const wrong = run(['evaluate', '--journal', journal, '--records', '--since', 'yesterday']);
    assert.equal(wrong.status, 2);
    assert.match(wrong.stderr, /--since is an age/);
    rmSync(join(journal, 'recall'), { recursive: true });
    assert.deepEqual(run(['evaluate', '--journal', journal, '--records']), {
      status: 0,
      stdout: '',
      stderr: '',
    });
  });
});
