import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { waits } from '../../../src/cli/verify-surroundings.ts';
import type { VerifyOptions } from '../../../src/cli/verify-options.ts';
import type { CheckOutcome } from '../../../src/contracts/check.ts';
import type { LineOutcome } from '../../../src/verify/evidence.ts';
import { verifyText } from '../../../src/verify/report.ts';

const check = (
  id: CheckOutcome['id'],
  evidence: readonly string[],
  status: CheckOutcome['status'],
): CheckOutcome => ({
  ...{
    id,
    slug: id.toLowerCase(),
    title: `title of ${id}`,
    status,
    evidence,
    fix: 'mend it',
    fixable: false,
  },
  ...{ docs: `docs/checks/${id}.md`, durationMs: 1 },
});
const line = (text: string, ...checks: readonly CheckOutcome[]): LineOutcome => ({
  ...{ group: 'Verification', line: text, status: checks[0]!.status, checks },
});
const textOf = (...lines: readonly LineOutcome[]): string =>
  verifyText(lines, { verbose: false, color: false, durationMs: 1000 });

describe('the report of keepspan verify', () => {
  it('tells a finding of two lines once', () => {
    const both = check('KS-LOG-001', ['no ids'], 'warn');
    const text = textOf(line('one', both), line('two', both));
    assert.equal(text.split('title of KS-LOG-001').length, 2);
    assert.match(text, /! two\n {4}KS-LOG-001 {2}as above\n/);
  });

  it('says first that nothing was switched on, where that is why', () => {
    const off = check('KS-VERIFY-001', ['observability_disabled: not switched on'], 'fail');
    assert.match(
      textOf(line('one', off)),
      /switched off, and most .*\n.*DD_LLMOBS_ENABLED=1 keepspan verify/,
    );
    const other = check('KS-VERIFY-001', ['no observability_initialized in the output'], 'fail');
    assert.doesNotMatch(textOf(line('one', other)), /switched off/);
  });

  it('waits for a person where nobody else was named and one is there', () => {
    const terminal = (isTTY: boolean) =>
      ({ stdin: { isTTY }, stderr: { isTTY } }) as unknown as NodeJS.Process;
    const at = (options: Partial<VerifyOptions>, isTTY = true): boolean =>
      waits(options as VerifyOptions, terminal(isTTY));
    assert.deepEqual([at({}), at({}, false), at({ wait: true }, false)], [true, false, true]);
    assert.deepEqual([at({ request: ['GET /'] }), at({ script: 'a.js' })], [false, false]);
  });
});
