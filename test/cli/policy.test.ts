import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { encode } from '@msgpack/msgpack';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { openDirectory } from '../../src/journal/directory.ts';
import { JournalWriter } from '../../src/journal/writer.ts';

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).href;
const PROGRAM = `const { main } = await import(${JSON.stringify(MAIN)}); await main(process.argv.slice(1));`;

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function keepspan(
  cwd: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Result> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--input-type=module', '-e', PROGRAM, '--', 'policy', ...args],
      {
        cwd,
        timeout: 30_000,
        env: { PATH: process.env['PATH'], HOME: cwd, DD_ENV: 'production', NO_COLOR: '1', ...env },
      },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
}

function folder(t: TestContext, files: Readonly<Record<string, string>> = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'keepspan-policy-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

const GOOD = 'sampling:\n  rules:\n    - noise: health\n      sample_rate: 0\n';

describe('policy check', () => {
  it('is content with the rules of the profile, of the environment and of each kind of file', async (t) => {
    const json = JSON.stringify({ sampling: [{ noise: 'health', sample_rate: 0 }] });
    const rows: [Record<string, string>, Record<string, string>, string][] = [
      [{}, {}, 'profile'],
      [{}, { DD_TRACE_SAMPLING_RULES: '[{"resource":"GET /health","sample_rate":0.0}]' }, 'environment'],
      [{ 'keepspan.config.yaml': GOOD }, {}, 'file'],
      [{ 'keepspan.config.json': json }, {}, 'file'],
      [
        {
          'keepspan.config.ts': `const rate: number = 0;\nexport default { sampling: [{ noise: 'health', sample_rate: rate }] };\n`,
        },
        {},
        'file',
      ],
      [{ 'elsewhere.json': json }, { KEEPSPAN_CONFIG: 'elsewhere.json' }, 'file'],
    ];
    await Promise.all(
      rows.map(async ([files, env, source]) => {
        const { code, stdout, stderr } = await keepspan(folder(t, files), ['check', '--json'], env);
        assert.equal(code, 0, stdout + stderr);
        const document = JSON.parse(stdout) as { source: string; problems: unknown[]; rules: unknown[] };
        assert.deepEqual([document.source, document.problems], [source, []]);
        assert.ok(document.rules.length > 0);
      }),
    );
  });

  const refused: [string, Record<string, string>, number | undefined, RegExp, RegExp][] = [
    [
      'YAML that is none',
      { 'keepspan.config.yaml': 'sampling:\n  rules: [}\n' },
      2,
      /cannot be read/,
      /correct the file/,
    ],
    [
      'a rate outside 0 to 1',
      { 'keepspan.config.yaml': `${GOOD}    - name: a\n      sample_rate: 1.5\n` },
      6,
      /outside 0 to 1/,
      /0.015/,
    ],
    [
      'an unknown key',
      { 'keepspan.config.yaml': `${GOOD}    - name: a\n      sample_rat: 1\n` },
      6,
      /no "sample_rat"/,
      /sample_rate/,
    ],
    [
      'an unknown class',
      { 'keepspan.config.json': '{\n "sampling": [\n  {\n   "noise": "helth"\n  }\n ]\n}' },
      4,
      /no class/,
      /health/,
    ],
    [
      'a costly pattern',
      { 'keepspan.config.yaml': `${GOOD}    - name: "${'*a'.repeat(40)}"\n` },
      5,
      /costs too much/,
      /16 stars/,
    ],
    [
      'a regular expression',
      { 'keepspan.config.mjs': 'export default { sampling: [{ name: /(a+)+$/ }] };' },
      undefined,
      /exponential/,
      /glob/,
    ],
  ];
  for (const [what, files, line, why, fix] of refused) {
    it(`refuses ${what}, with line and fix`, async (t) => {
      const { code, stdout } = await keepspan(folder(t, files), ['check', '--json']);
      assert.equal(code, 1, stdout);
      const { problems } = JSON.parse(stdout) as {
        problems: { severity: string; line?: number; why: string; fix: string }[];
      };
      assert.equal(problems.length, 1, stdout);
      assert.equal(problems[0]?.severity, 'error');
      assert.equal(problems[0].line, line);
      assert.match(problems[0].why, why);
      assert.match(problems[0].fix, fix);
    });
  }

  it('names rules that can never match, that are shadowed, that aim at LLM work, and what to write instead', async (t) => {
    const rules = [
      { name: 'web.*', sample_rate: 0.5 },
      { name: 'web.request', sample_rate: 0 },
      { resource: 'kafka.poll', sample_rate: 0 },
      { resource: '/health', sample_rate: 0 },
      { name: 'openai.*', sample_rate: 0.1 },
      { noise: 'health', max_per_second: 1 },
    ];
    const { code, stdout } = await keepspan(folder(t), ['check'], {
      DD_TRACE_SAMPLING_RULES: JSON.stringify(rules),
    });
    assert.equal(code, 1);
    for (const expected of [
      /KS-POLICY-006 name=web\.request @ 0: rule name=web\.\* @ 0\.5 comes first/,
      /KS-POLICY-005 resource=kafka\.poll[^]*"noise":"poll:kafka"/,
      /KS-POLICY-005 resource=\/health[^]*"resource":"GET <path>"/,
      /KS-POLICY-007 name=openai\.\*[^]*never sampled out/,
      /KS-POLICY-008 health[^]*lower sample_rate/,
    ]) {
      assert.match(stdout, expected);
    }
  });

  it('has nothing to say of the requirement’s own rules', async (t) => {
    const rules =
      '[{"resource":"kafka.consume","sample_rate":0.01},{"resource":"sqs.receivemessage","sample_rate":0.01},{"resource":"GET /health","sample_rate":0.0}]';
    const { code, stdout } = await keepspan(folder(t), ['check'], { DD_TRACE_SAMPLING_RULES: rules });
    assert.equal(code, 0, stdout);
    assert.match(stdout, /The policy is good/);
  });
});

type Fields = Record<string, unknown>;

function trace(id: number, fields: Fields = {}, more: readonly Fields[] = []): Fields[] {
  const root = {
    trace_id: id,
    span_id: id,
    parent_id: 0,
    name: 'web.request',
    resource: 'GET',
    service: 's',
    error: 0,
    meta: { 'span.kind': 'server', 'http.method': 'GET', 'http.url': 'http://h/health' },
    metrics: {},
    ...fields,
  };
  return [root, ...more.map((one, i) => ({ ...root, span_id: id * 1000 + i, parent_id: id, ...one }))];
}

const TRACES = [
  trace(1),
  trace(2, {}, [{ meta: { 'gen_ai.request.model': 'm' } }]),
  trace(3, { error: 1 }),
  trace(4, { meta: { 'span.kind': 'server', 'http.url': 'http://h/orders' } }),
  trace(5),
];

function recordings(t: TestContext): string[][] {
  const path = folder(t, { 'traces.jsonl': TRACES.map((one) => JSON.stringify(one)).join('\n') });
  writeFileSync(join(path, 'payload.msgpack'), encode(TRACES));
  const journal = mkdtempSync(join(privateFolder(), 'test-'));
  t.after(() => rmSync(journal, { recursive: true, force: true }));
  const directory = openDirectory(join(journal, 'journal'));
  const writer = new JournalWriter({ directory, owner: { service: 's' }, maxBytes: 1 << 24, sync: false });
  for (const one of TRACES) writer.append('spans', Buffer.from(encode([one])), one.length, 2, '{}');
  writer.close();
  return [
    ['--file', join(path, 'traces.jsonl')],
    ['--file', join(path, 'payload.msgpack')],
    ['--journal', directory],
  ];
}

describe('recorded traffic', () => {
  it('dry-run: per rule seen, kept, dropped and bytes, the same from every kind of recording', async (t) => {
    for (const source of recordings(t)) {
      const { code, stdout, stderr } = await keepspan(folder(t), [
        'dry-run',
        '--json',
        '--usd-per-gb',
        '2',
        ...source,
      ]);
      assert.equal(code, 0, stderr);
      const { rows, total, savedUsd } = JSON.parse(stdout) as {
        rows: Fields[];
        total: Fields;
        savedUsd: number;
      };
      const counts = Object.fromEntries(
        rows.map(({ rule, seen, kept, dropped }) => [rule, [seen, kept, dropped]]),
      );
      assert.deepEqual(counts, {
        'poll:kafka @ 0.01': [0, 0, 0],
        'poll:sqs @ 0.01': [0, 0, 0],
        'health @ 0': [2, 0, 2],
        'protected:llm': [1, 1, 0],
        'protected:error': [1, 1, 0],
        default: [1, 1, 0],
      });
      assert.deepEqual([total['seen'], total['dropped'], total['droppedSpans']], [5, 2, 2]);
      assert.ok(
        Number(total['droppedBytes']) > 200 && savedUsd === (Number(total['droppedBytes']) / 1e9) * 2,
      );
    }
  });

  it('explain: the verdict, the reason and the rule of one trace', async (t) => {
    const [source] = recordings(t);
    const ask = async (id: string) => (await keepspan(folder(t), ['explain', id, ...source!])).stdout;
    assert.match(
      await ask('1'),
      /web\.request, 1 spans, \d+ bytes: dropped, rule, rule health @ 0 \(rate 0\)/,
    );
    assert.match(await ask('0000000000000002'), /2 spans.*kept, protected:llm/);
    assert.match(await ask('00000000000000000000000000000003'), /kept, protected:error/);
    assert.match(await ask('4'), /kept, default/);
  });

  it('says what is missing: a trace, a recording, a journal, a valid policy', async (t) => {
    const [source] = recordings(t);
    const cwd = folder(t, { 'junk.jsonl': '{"a":1}\n' });
    for (const [args, message] of [
      [['explain', '99', ...source!], /KS-POLICY-009 {2}no recorded trace has the id 99[^]*fix/],
      [['explain', 'zz', ...source!], /is no trace id/],
      [['dry-run', '--file', 'absent'], /there is nothing at absent/],
      [['dry-run', '--file', 'junk.jsonl'], /cannot be read/],
      [['dry-run', '--journal', '.'], /no journal/],
      [['dry-run', ...source!, '--usd-per-gb', 'x'], /no number/],
    ] as const) {
      const { code, stderr } = await keepspan(cwd, args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, message);
    }
    const { code, stderr } = await keepspan(cwd, ['dry-run', ...source!], {
      DD_TRACE_SAMPLING_RULES: '[{"noise":"x"}]',
    });
    assert.equal(code, 2);
    assert.match(stderr, /KS-POLICY-003 {2}the policy is not valid/);
  });
});

describe('policy compile', () => {
  it('prints rules for dd-trace, and refuses by name what it cannot express', async (t) => {
    const rules = [
      { noise: 'poll:sqs', sample_rate: 0.01 },
      { resource: 'GET /health', sample_rate: 0 },
      { name: 'cron.*', service: 's', sample_rate: 0.5 },
      { resource: 'kafka.consume', sample_rate: 0.01 },
      { tags: { tenant_id: 'a' }, sample_rate: 0 },
    ];
    const env = { DD_TRACE_SAMPLING_RULES: JSON.stringify(rules) };
    const { code, stdout } = await keepspan(folder(t), ['compile', '--json'], env);
    assert.equal(code, 1);
    const { rules: compiled, refused } = JSON.parse(stdout) as {
      rules: unknown[];
      refused: { rule: string; why: string }[];
    };
    assert.deepEqual(compiled, [
      { name: 'aws.request', tags: { 'aws.operation': 'receiveMessage' }, sample_rate: 0.01 },
      { tags: { 'http.url': '*://*/health', 'http.method': 'GET' }, sample_rate: 0 },
      { service: 's', name: 'cron.*', sample_rate: 0.5 },
    ]);
    assert.deepEqual(
      refused.map(({ rule }) => rule),
      ['resource=kafka.consume @ 0.01', 'tags.tenant_id=a @ 0'],
    );
    assert.match(refused[0]!.why, /before it knows of LLM spans/);
    assert.match(refused[1]!.why, /underscore/);
    const text = await keepspan(folder(t), ['compile'], env);
    assert.deepEqual(JSON.parse(text.stdout), compiled);
    assert.match(text.stderr, /✖ resource=kafka\.consume @ 0\.01: cannot be expressed/);
  });

  it('good rules are 0, unknown targets 2', async (t) => {
    const env = { DD_TRACE_SAMPLING_RULES: '[{"noise":"transport","sample_rate":0}]' };
    const { code, stdout } = await keepspan(folder(t), ['compile', '--target', 'dd-trace'], env);
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), [
      { name: 'tcp.connect', sample_rate: 0 },
      { name: 'dns.lookup', sample_rate: 0 },
    ]);
    assert.equal((await keepspan(folder(t), ['compile', '--target', 'collector'], env)).code, 2);
  });
});
