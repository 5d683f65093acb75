import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import type { MainJobReport } from '../../scripts/main-job/report.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const isFull = process.env['KEEPSPAN_TEST_FULL'] === '1';

const whole = async (): Promise<void> => {
  const directory = await mkdtemp(join(privateFolder(), 'main-job-test-'));
  try {
    const reportFile = join(directory, 'report.json');
    const job = spawn(process.execPath, ['scripts/start.mjs', '--once', '--report', reportFile], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let words = '';
    job.stdout.setEncoding('utf8').on('data', (text: string) => (words += text));
    const [code] = (await once(job, 'close')) as [number | null];
    assert.equal(code, 0, words);
    const report = JSON.parse(await readFile(reportFile, 'utf8')) as MainJobReport;
    assert.equal(report.ok, true);
    assert.ok(report.documents >= 100);
    assert.ok(report.durationMs < 90_000, `${report.durationMs} ms`);
    assert.deepEqual(
      report.drills.map((drill) => [drill.name, drill.findings]),
      ['steady', 'sigterm', 'sigkill', 'outage'].map((name) => [name, []]),
    );
    assert.ok((report.drills.at(-1)?.replayed ?? 0) > 0, 'the outage leaves something to replay');
    assert.ok(report.quality.correct > 0 && report.quality.correct <= report.quality.fields);
    assert.match(words, /Everything is accounted for/);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};

// Half a minute of real processes: part of the full run.
if (isFull) it('the main job ends in time with everything accounted for', { timeout: 120_000 }, whole);
