import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { VerifySurroundings, type Verified } from './surroundings.ts';
import { ALL_LINES, BROKEN, type BrokenVariant } from './variants.ts';

const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
/** In every run: one variant of the files, one of the start, one of the arrivals, one of the output. */
const SAMPLE = ['KS-VERIFY-003', 'KS-VERIFY-009'];
const surroundings = new VerifySurroundings();

interface Line {
  readonly line: string;
  readonly status: string;
  readonly checks: readonly string[];
}

interface Document {
  readonly schemaVersion: number;
  readonly lines: readonly Line[];
  readonly checks: readonly {
    readonly id: string;
    readonly status: string;
    readonly evidence: readonly string[];
    readonly fix: string | null;
  }[];
}

function documentOf({ code, stdout, stderr }: Verified): Document {
  assert.notEqual(code, 2, stderr);
  return JSON.parse(stdout) as Document;
}

function failedLines({ lines }: Document, wanted = 'fail'): readonly string[] {
  return lines.filter(({ status }) => status === wanted).map(({ line }) => line);
}

/** A finding has to say what was seen and what to do; no other line may fail but those that the variant names. */
function assertFound(document: Document, { check, line, status = 'fail', also = [] }: BrokenVariant): void {
  const found = document.checks.find(({ id }) => id === check);
  const seen = JSON.stringify(
    document.checks.filter(({ status }) => status === 'fail'),
    null,
    1,
  );
  assert.equal(found?.status, status, seen);
  assert.ok(found.evidence.length > 0);
  assert.ok((found.fix ?? '').length > 10);
  const looked = new Set(document.lines.map((one) => one.line));
  const expected = [line, ...also].filter((one) => looked.has(one));
  assert.deepEqual([...failedLines(document, status)].toSorted(), expected.toSorted(), seen);
  if (status !== 'fail') assert.deepEqual(failedLines(document), [], seen);
}

// They wait more than they work.
describe('keepspan verify on the reference service', { concurrency: FULL ? 1 : 2 }, () => {
  before(() => surroundings.start());
  after(() => surroundings.stop());

  it(
    'passes the good one, line by line of the requirement, with evidence',
    { timeout: 150_000 },
    async () => {
      const verified = await surroundings.verify(['--json']);
      const document = documentOf(verified);
      assert.deepEqual(failedLines(document), [], verified.stdout);
      assert.equal(verified.code, 0);
      assert.equal(document.schemaVersion, 1);
      assert.deepEqual(document.lines.map(({ line }) => line).toSorted(), [...ALL_LINES].toSorted());
      const open = document.lines
        .filter(({ status }) => status !== 'pass')
        .map(({ line, status }) => `${status} ${line}`);
      assert.deepEqual(open, [
        'not-applicable `TRACELOOP_BASE_URL` pointing to OTLP receiver (port 4318)',
        'not-applicable AWS SigV4 conflict mitigated (REQUESTS/URLLIB3 disabled)',
      ]);
      for (const { status, evidence, id } of document.checks.filter((check) =>
        check.id.startsWith('KS-VERIFY'),
      )) {
        assert.equal(status, 'pass', id);
        assert.ok(evidence.length > 0, id);
      }
    },
  );

  for (const variant of FULL ? BROKEN : BROKEN.filter(({ check }) => SAMPLE.includes(check))) {
    it(`finds that ${variant.name}: ${variant.check}`, { timeout: 150_000 }, async () => {
      const only = FULL ? [] : ['--only', variant.check];
      const verified = await surroundings.verify(['--json', '--fail-on', 'warn', ...only], variant);
      const document = documentOf(verified);
      assert.equal(verified.code, 1);
      assertFound(document, variant);
    });
  }
});

it('every line of the requirement is broken by a variant', () => {
  assert.deepEqual([...new Set(BROKEN.map(({ line }) => line))].toSorted(), [...ALL_LINES].toSorted());
});
