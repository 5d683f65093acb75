import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { OutcomeReader } from '../../src/journal/outcome-reader.ts';
import { COMPACT_BYTES, OutcomeLog, readOutcomes } from '../../src/journal/outcomes.ts';

const MUCH = 8 * 1024 * 1024;

function logOf(t: TestContext): { file: string; log: OutcomeLog; deliver(n: number): void } {
  const folder = mkdtempSync(join(tmpdir(), 'keepspan-outcomes-'));
  const file = join(folder, 'outcomes.jsonl');
  const log = new OutcomeLog(file);
  t.after(() => {
    log.close();
    rmSync(folder, { recursive: true, force: true });
  });
  let signals = 0;
  return {
    file,
    log,
    deliver(n) {
      signals += n;
      log.intent('spans', n);
      log.resolve('spans', { segment: 1, offset: signals, signals }, { delivered: n });
    },
  };
}

describe('reading on in the log of a deliverer', () => {
  it('an absent log is the start; what is added is read once, and whole lines alone', (t) => {
    const { file, deliver } = logOf(t);
    assert.equal(new OutcomeReader(`${file}-none`).readOn(MUCH), true);
    const reader = new OutcomeReader(file);
    deliver(3);
    assert.equal(reader.readOn(MUCH), true);
    assert.deepEqual(reader.state, readOutcomes(file));
    const { size } = statSync(file);
    appendFileSync(file, '{"k":"spans","c":{"segment":1,"offset":9,"sig');
    assert.equal(reader.readOn(MUCH), true);
    assert.equal(reader.state.spans.counts.delivered, 3);
    // The deliverer takes a torn line back, and writes it once more.
    truncateSync(file, size);
    deliver(4);
    reader.readOn(MUCH);
    assert.deepEqual(reader.state, readOutcomes(file));
    assert.equal(reader.state.spans.counts.delivered, 7);
  });

  it('a bound holds at each look, and half a log is nothing', (t) => {
    const { file, deliver } = logOf(t);
    for (let i = 0; i < 100; i++) deliver(1);
    const reader = new OutcomeReader(file);
    let looks = 1;
    while (!reader.readOn(512)) {
      assert.equal(reader.state.spans.counts.delivered, undefined);
      looks += 1;
    }
    assert.ok(looks >= statSync(file).size / 512, `${looks} looks`);
    assert.deepEqual(reader.state, readOutcomes(file));
  });

  it('a log that was folded is read anew, and never counted twice', (t) => {
    const { file, deliver } = logOf(t);
    const reader = new OutcomeReader(file);
    // It looks at the beginning and at the end alone: the new file is longer then than what it knows.
    const seldom = new OutcomeReader(file);
    const { ino } = statSync(file);
    deliver(1);
    seldom.readOn(MUCH);
    let delivered = 1;
    // Past the bound, and on in the new file.
    for (let more = 3; more > 0;) {
      deliver(1);
      delivered += 1;
      if (delivered % 1000 === 0) reader.readOn(MUCH);
      if (statSync(file).ino !== ino) more -= 1;
    }
    assert.ok(delivered * 50 > COMPACT_BYTES / 10);
    reader.readOn(MUCH);
    assert.equal(reader.state.spans.counts.delivered, delivered);
    assert.deepEqual(reader.state, readOutcomes(file));
    seldom.readOn(MUCH);
    assert.deepEqual(seldom.state, readOutcomes(file));
  });
});
