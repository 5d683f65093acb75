import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const REGISTER = new URL('../../src/register.ts', import.meta.url).href;
const INDEX = new URL('../../src/index.ts', import.meta.url).href;
const BIN = fileURLToPath(new URL('../../bin/keepspan.js', import.meta.url));

/** Node that says it is something else. */
function pretending(as: Readonly<Record<string, string>>): string {
  const code = `Object.defineProperty(process, 'versions', { value: { ...process.versions, ...${JSON.stringify(as)} } })`;
  return `data:text/javascript,${encodeURIComponent(code)}`;
}

function node(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    timeout: 30_000,
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  return {
    code: status,
    stdout,
    lines: stderr
      .trim()
      .split('\n')
      .filter((line) => line !== ''),
  };
}

describe('Bun and Deno are refused in one line', () => {
  for (const [name, versions] of [
    ['Bun 1.3.0', { bun: '1.3.0' }],
    ['Deno 2.5.0', { deno: '2.5.0' }],
  ] as const) {
    it(`${name}: the application runs, its wrappers too, and no tracer`, () => {
      const code = `
        const { workflow, initObservability, isObservabilityEnabled } = await import(${JSON.stringify(INDEX)});
        console.log(JSON.stringify([await workflow('w', async () => 42)(), initObservability(), isObservabilityEnabled()]));`;
      const args = [
        '--import',
        pretending(versions),
        '--import',
        REGISTER,
        '--input-type=module',
        '-e',
        code,
      ];
      const { code: status, stdout, lines } = node(args, { DD_LLMOBS_ENABLED: '1' });
      assert.deepEqual([status, stdout.trim(), lines.length], [0, '[42,false,false]', 1]);
      const record = JSON.parse(lines[0] ?? '') as Readonly<Record<string, unknown>>;
      assert.deepEqual([record['msg'], record['code']], ['observability_disabled', 'KS-RUN-004']);
      assert.match(String(record['why']), new RegExp(`^${name} `));
    });

    it(`${name}: the command line ends with 2`, () => {
      const { code, stdout, lines } = node(['--import', pretending(versions), BIN, 'doctor']);
      assert.deepEqual([code, stdout, lines.length], [2, '', 1]);
      assert.match(lines[0] ?? '', new RegExp(`Node 22\\.15 or later; ${name} `));
    });
  }

  it('Node itself is not (the control)', () => {
    const { code, lines } = node([BIN, '--version']);
    assert.deepEqual([code, lines], [0, []]);
  });
});
