import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MUTANTS } from './mutants.ts';
import { runSchedule } from './run.ts';
import { findMutant, replayLine, shrink } from './search.ts';
import { SEEDS } from './seeds.ts';
import { loadSubject } from './subject.ts';

const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
const SCHEDULES = FULL ? 8_000 : 400;
/** Mutants that this many schedules find are looked for in every run; the rest in full ones. */
const QUICK_MUTANTS = 500;

async function holds(seed: number): Promise<void> {
  const subject = await loadSubject();
  const result = await runSchedule(seed, subject);
  if (result.broken === undefined) return;
  const least = await shrink(result, subject);
  assert.fail(`${least.broken?.message}\nagain: ${replayLine(least)}\nwhole: ${replayLine(result)}`);
}

test(`L1, L4, L5, L8, L12: hold in ${SCHEDULES} simulated schedules`, async () => {
  for (let seed = 1; seed <= SCHEDULES; seed++) await holds(seed);
});

for (const { seed, found } of SEEDS) test(`seed ${seed} holds; it once found ${found}`, () => holds(seed));

test('a schedule is the same whenever it is played', async () => {
  const subject = await loadSubject();
  for (const seed of [1, 5, 18, 743]) {
    const first = await runSchedule(seed, subject);
    const second = await runSchedule(seed, subject, first.played);
    assert.deepEqual([second.calls, second.broken], [first.calls, first.broken]);
  }
});

for (const mutant of MUTANTS.filter(({ within }) => FULL || within <= QUICK_MUTANTS)) {
  test(`a simulation finds it when ${mutant.breaks}`, async () => {
    assert.ok(await findMutant(mutant), `not in ${mutant.within} schedules`);
  });
}

test('a schedule that breaks a law shrinks to fewer steps that break it', async () => {
  const mutant = MUTANTS.find(({ name }) => name === 'memory-removed')!;
  const found = await findMutant(mutant);
  assert.ok(found);
  const least = await shrink(found, await loadSubject(mutant.name, mutant));
  assert.equal(least.broken?.law, found.broken?.law);
  assert.ok(least.played.length < found.played.length);
  assert.match(replayLine(least), /^node scripts\/simulate\.mjs --seed \d+ --steps [\d,]+$/);
});
