import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { COMMANDS } from '../../src/cli/commands.ts';
import { createProgram } from '../../src/cli/main.ts';

const mainUrl = new URL('../../src/cli/main.ts', import.meta.url).href;
const bin = fileURLToPath(new URL('../../bin/keepspan.js', import.meta.url));

/** A command line with two commands of its own, one of which must not be loaded for the other. */
const program = `
  import { readFileSync } from 'node:fs';
  import { main } from ${JSON.stringify(mainUrl)};
  const commands = [
    { name: 'measure', summary: 'measures', add: async (program) => {
      program.command('measure').option('--json', 'JSON').option('--fail').argument('[file]')
        .action((file, { fail }) => {
          if (file === 'absent') readFileSync('/nowhere/absent.txt');
          if (fail) throw Object.assign(new Error('no disk', { cause: new Error('ENOSPC') }), { fix: 'make room', code: 'KS-TEST-001' });
          console.log('measured', file);
        });
    } },
    { name: 'explode', summary: 'explodes', add: async () => { throw new Error('explode was loaded'); } },
    { name: 'flood', summary: 'floods', add: async (program) => {
      program.command('flood').option('--json').action(async () => {
        for (let i = 0; i < 20000; i += 1) { console.log('x'.repeat(100)); if (i % 100 === 0) await new Promise(setImmediate); }
      });
    } },
  ];
  await main(process.argv.slice(1), commands);
`;

function run(args: readonly string[], env: Record<string, string> = {}) {
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', program, '--', ...args], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, ...env },
  });
  return { code: child.status, stdout: child.stdout, stderr: child.stderr };
}

test('a command runs, and no other is loaded', () => {
  assert.deepEqual(run(['measure', 'a.txt']), { code: 0, stdout: 'measured a.txt\n', stderr: '' });
});

test('--version and --help answer on stdout with 0, and load nothing', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  assert.deepEqual(run(['--version']), { code: 0, stdout: `${version}\n`, stderr: '' });
  const help = run(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /measure +measures/);
  assert.match(help.stdout, /explode +explodes/);
  assert.match(help.stdout, /KEEPSPAN_JOURNAL_DIR/);
  assert.match(run(['help', 'measure']).stdout, /Usage: keepspan measure/);
});

test('unknown command: a hint and 2', () => {
  const { code, stdout, stderr } = run(['mesure']);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /unknown command 'mesure'[\s\S]*Did you mean measure\?/);
});

test('unknown option: a hint and 2, before and after the command', () => {
  const after = run(['measure', '--fial']);
  assert.equal(after.code, 2);
  assert.match(after.stderr, /unknown option '--fial'[\s\S]*Did you mean --fail\?/);
  assert.equal(run(['--nope', 'measure']).code, 2);
  assert.equal(run(['measure', 'a', 'b']).code, 2);
});

test('no command: the help on stderr and 2', () => {
  const { code, stdout, stderr } = run([]);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.match(stderr, /Usage: keepspan/);
});

test('a command that throws: code, message, cause and fix in words, no stack, 2', () => {
  const { code, stdout, stderr } = run(['measure', '--fail']);
  assert.equal(code, 2);
  assert.equal(stdout, '');
  assert.equal(stderr, '✖ KS-TEST-001  no disk\n    cause  ENOSPC\n    fix    make room\n');
});

test('a file that is not there: its name first, the code of the system once', () => {
  assert.equal(
    run(['measure', 'absent']).stderr,
    '✖ ENOENT  /nowhere/absent.txt: no such file or directory\n',
  );
});

test('wrong usage leads to the help of the command that was used', () => {
  assert.equal(
    run(['measure', '--fial']).stderr,
    "✖ unknown option '--fial'\n    Did you mean --fail?\n    fix    `keepspan measure --help` lists its options\n",
  );
  assert.match(
    run(['other']).stderr,
    /^✖ unknown command 'other'\n    fix {4}`keepspan --help` lists the commands\n$/,
  );
});

test('a reader that leaves early is no failure', () => {
  const child = spawnSync(
    'sh',
    ['-c', '"$0" --input-type=module -e "$1" -- flood | head -1; exit 0', process.execPath, program],
    {
      encoding: 'utf8',
      timeout: 30_000,
    },
  );
  assert.equal(child.stdout, `${'x'.repeat(100)}\n`);
  assert.equal(child.stderr, '');
});

test('every command can print JSON and is summarised as it is described', async () => {
  for (const { name } of COMMANDS) {
    const [command] = (await createProgram([name])).commands;
    assert.equal(command?.name(), name);
    for (const leaf of command.commands.length === 0 ? [command] : command.commands) {
      assert.ok(
        leaf.options.some(({ long }) => long === '--json'),
        `${name} ${leaf.name()} has no --json`,
      );
    }
    assert.notEqual(command.description(), '', `${name} has no description`);
  }
});

test('on an old Node the binary says so and ends with 2', () => {
  const old = (version: string) =>
    spawnSync(
      process.execPath,
      [
        '--import',
        `data:text/javascript,Object.defineProperty(process.versions,'node',{value:'${version}'})`,
        bin,
      ],
      { encoding: 'utf8', timeout: 20_000 },
    );
  for (const version of ['18.19.0', '22.14.0']) {
    const child = old(version);
    assert.equal(child.status, 2);
    assert.equal(child.stdout, '');
    assert.match(child.stderr, /^keepspan needs Node 22\.15 or later; this is v[\d.]+\n$/);
  }
  assert.doesNotMatch(old('22.15.0').stderr, /needs Node/);
});
