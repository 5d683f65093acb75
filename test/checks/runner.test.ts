import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { connectTo } from '../../src/checks/connect.ts';
import type { CheckContext, ProjectCheck } from '../../src/checks/context.ts';
import { pass } from '../../src/checks/context.ts';
import { applyEdits, diffText } from '../../src/checks/fixes.ts';
import { withoutComments } from '../../src/checks/project/comments.ts';
import { readProject } from '../../src/checks/project/project.ts';
import { CHECKS } from '../../src/checks/registry.ts';
import { chooseChecks, runChecks } from '../../src/checks/runner.ts';
import { inRange } from '../../src/checks/versions.ts';

const root = mkdtempSync(join(tmpdir(), 'keepspan-runner-'));
after(() => rmSync(root, { recursive: true, force: true }));

function projectOf(files: Readonly<Record<string, string>>) {
  const dir = mkdtempSync(join(root, 'project-'));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(dir, file, '..'), { recursive: true });
    writeFileSync(join(dir, file), text);
  }
  return dir;
}

const contextOf = (dir: string): CheckContext => ({
  project: readProject(dir),
  variables: [],
  problems: [],
  shutdownTimeoutMs: 25_000,
  noise: { pollsKept: 0, healthKept: 0 },
  start: undefined,
  exit: undefined,
  upstream: 'http://127.0.0.1:9',
  connect: () => Promise.resolve(undefined),
});
const empty = contextOf(projectOf({}));

const check = (run: ProjectCheck['run'], more: Partial<ProjectCheck> = {}): ProjectCheck => ({
  id: 'KS-TEST-001',
  slug: 'test',
  title: 'a title',
  target: 'both',
  rationale: 'r',
  how: 'h',
  fix: 'f',
  source: 's',
  run,
  ...more,
});

describe('the runner', () => {
  it('makes what throws, rejects, hangs or has nothing to look at unknown, with the reason', async () => {
    const outcomes = await runChecks(
      [
        check(() => {
          throw new TypeError('broken');
        }),
        check(() => Promise.reject(new Error('refused'))),
        check(() => new Promise(() => undefined)),
        check(() => pass('x'), { target: 'process' }),
        check(() => pass('x')),
      ],
      empty,
      { timeoutMs: 20 },
    );
    assert.deepEqual(
      outcomes.map(({ status, evidence }) => [status, evidence[0]]),
      [
        ['unknown', 'broken'],
        ['unknown', 'refused'],
        ['unknown', 'it took longer than 20 ms'],
        ['unknown', 'it needs the start of the process: keepspan doctor -- node app.js'],
        ['pass', 'x'],
      ],
    );
    assert.ok(outcomes.every(({ fix }) => fix === undefined));
  });

  it('makes checks of packages unknown where they are in archives', async () => {
    const { chosen } = chooseChecks(CHECKS, ['otel-api-copies']);
    const [outcome] = await runChecks(chosen, contextOf(projectOf({ '.pnp.cjs': '' })));
    assert.equal(outcome?.status, 'unknown');
    assert.match(outcome?.evidence[0] ?? '', /archives/);
  });

  it('chooses by id and name, with stars, upper and lower case alike; what matches nothing is said', () => {
    const slugs = (...patterns: string[]) => chooseChecks(CHECKS, patterns).chosen.map(({ slug }) => slug);
    assert.equal(slugs().length, CHECKS.length);
    assert.deepEqual(slugs('ks-exit-00?', 'esm-init-path'), ['esm-init-path']);
    assert.deepEqual(slugs('KS-EXIT-001,esm-*'), ['shutdown-handlers', 'esm-require-only', 'esm-init-path']);
    assert.deepEqual(chooseChecks(CHECKS, ['a.*', 'esm-*']).unmatched, ['a.*']);
  });
});

describe('a project is read', () => {
  it('within its bounds: no tests, no build output, no dependencies, no links, no large files', () => {
    const dir = projectOf({
      'src/a.js': '1',
      'test/b.js': '1',
      'dist/c.js': '1',
      'node_modules/x/d.js': '1',
      'src/e.test.ts': '1',
      'src/f.d.ts': '1',
      'src/large.js': 'x'.repeat(512 * 1024 + 1),
      'src/last.js': 'x'.repeat(512 * 1024),
      '.git/config.js': '1',
    });
    symlinkSync(join(dir, 'src'), join(dir, 'linked'));
    assert.deepEqual(
      readProject(dir).files.map(({ path }) => path),
      ['src/a.js', 'src/last.js'],
    );
  });

  it('up to a number of files, and says that there were more', () => {
    const files = (count: number) =>
      projectOf(Object.fromEntries(Array.from({ length: count }, (_, at) => [`${at}.js`, ''])));
    assert.equal(readProject(files(3000)).truncated, false);
    const { files: read, truncated } = readProject(files(3001));
    assert.deepEqual([read.length, truncated], [3000, true]);
  });

  it('without its comments, every character where it was', () => {
    for (const [source, code] of [
      ['a(); // b()\nc();', 'a();       \nc();'],
      ['/* a\nb */c()', '    \n    c()'],
      ["f('// no', `/* no ${x} */`); // yes", "f('// no', `/* no ${x} */`);       "],
      ["const url = 'http://a/b'; g()", "const url = 'http://a/b'; g()"],
      ['/* never closed', '               '],
    ] as const)
      assert.equal(withoutComments(source), code);
  });
});

it('versions are compared by number, ranges by all their comparators', () => {
  for (const [version, range, expected] of [
    ['6.21.0', '<6', false],
    ['5.132.0', '<6', true],
    ['6.21.0', '>=6 <6.22', true],
    ['v24.1.0', '>=22.15', true],
    ['1.10.0', '>=1.9.1', true],
    ['7.0.0-rc.1', '>=7', true],
    ['unknown', '<6', true],
  ] as const)
    assert.equal(inRange(version, range), expected, `${version} ${range}`);
});

it('edits are shown as lines and applied once; a file that changed meanwhile is left alone', () => {
  const dir = projectOf({ a: 'one\ntwo\nthree\n' });
  const edit = { file: 'a', before: 'one\ntwo\nthree\n', after: 'one\n2\nthree\n' };
  assert.equal(diffText([edit]), '--- a\n+++ a\n@@ -2,1 +2,1 @@\n-two\n+2');
  assert.deepEqual(applyEdits({ dir }, [edit]), ['a']);
  assert.deepEqual(applyEdits({ dir }, [edit]), []);
});

it('an address is tried and let go', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  assert.equal(await connectTo(`http://127.0.0.1:${port}`), undefined);
  await new Promise((resolve) => server.close(resolve));
  assert.equal(await connectTo(`http://127.0.0.1:${port}`), 'ECONNREFUSED');
  assert.equal(await connectTo('unix:///nowhere/apm.socket'), 'ENOENT');
  assert.equal(await connectTo('nonsense'), 'it is no URL');
});
