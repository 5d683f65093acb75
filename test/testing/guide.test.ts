import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, it } from 'node:test';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { exampleOf, project } from './guide.ts';

const folder = mkdtempSync(join(privateFolder(), 'testing-guide-'));
after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));

it('the example for node:test runs as it stands in the guide', { timeout: 100_000 }, async () => {
  project(folder);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'shutdown.test.js'), exampleOf('node'));
  const { NODE_TEST_CONTEXT: _ours, ...env } = process.env;
  const child = spawn(process.execPath, ['--test', '--test-reporter=spec', 'shutdown.test.js'], {
    cwd: folder,
    env: {
      ...env,
      PATH: `${dirname(process.execPath)}:${env['PATH'] ?? ''}`,
      KEEPSPAN_JOURNAL_DIR: join(folder, 'journals', 'journal'),
      DD_TRACE_STARTUP_LOGS: 'false',
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  assert.equal(code, 0, output);
  assert.match(output, /pass 2/);
});
