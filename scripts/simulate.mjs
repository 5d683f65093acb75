// The simulation of journal and delivery by itself: docs/guides/simulation.md.
//   node scripts/simulate.mjs --seed N [--steps 3,7]    one schedule; what is broken is shrunk and printed
//   node scripts/simulate.mjs --schedules N [--from N] [--workers N]
//   node scripts/simulate.mjs --mutants                 how many schedules find each mutant
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { MUTANTS } from '../test/simulation/mutants.ts';
import { runSchedule } from '../test/simulation/run.ts';
import { findMutant, replayLine, shrink } from '../test/simulation/search.ts';
import { loadSubject } from '../test/simulation/subject.ts';

const PROGRESS_EVERY = 1000;
const SAID_EVERY = 10_000;
const MAX_FAILURES = 20;
/** A schedule's objects die with it: a quarter of the time went to keeping them for a while. */
const YOUNG = '--max-semi-space-size=64';

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    steps: { type: 'string' },
    schedules: { type: 'string' },
    from: { type: 'string', default: '1' },
    workers: { type: 'string', default: '2' },
    mutants: { type: 'boolean', default: false },
    share: { type: 'boolean', default: false },
  },
});
const say = (line) => process.stdout.write(`${line}\n`);

async function one(seed) {
  const subject = await loadSubject();
  const only = values.steps === 'none' ? [] : values.steps?.split(',').map(Number);
  const result = await runSchedule(seed, subject, only);
  if (result.broken === undefined)
    return say(`seed ${seed} holds: ${result.played.length} steps, ${result.calls} calls`);
  const least = await shrink(result, subject);
  say(least.broken.message);
  say(JSON.stringify(least.features));
  for (const at of least.played) say(`${at} ${JSON.stringify(least.steps[at])}`);
  say(`again: ${replayLine(least)}`);
  process.exitCode = 1;
}

/** One process's part; a line of JSON for each broken schedule and each thousand that were played. */
async function share(from, schedules) {
  const subject = await loadSubject();
  for (let i = 0; i < schedules; i++) {
    const result = await runSchedule(from + i, subject);
    if (result.broken !== undefined)
      say(JSON.stringify({ line: replayLine(result), message: result.broken.message }));
    if ((i + 1) % PROGRESS_EVERY === 0 || i + 1 === schedules)
      say(JSON.stringify({ played: (i % PROGRESS_EVERY) + 1 }));
  }
}

async function many(schedules, from, workers) {
  const startedMs = performance.now();
  let played = 0;
  let broken = 0;
  const tally = () => {
    const seconds = (performance.now() - startedMs) / 1000;
    const rate = (played / seconds).toFixed(0);
    return `${played} schedules from seed ${from}, ${broken} broken, ${seconds.toFixed(0)} s, ${rate}/s`;
  };
  const part = Math.ceil(schedules / workers);
  const children = [];
  const stop = () => children.forEach((child) => child.kill());
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, stop);
  const ends = Array.from({ length: workers }, async (_, i) => {
    const mine = Math.min(part, schedules - i * part);
    if (mine <= 0) return 0;
    const args = [
      YOUNG,
      import.meta.filename,
      '--share',
      '--from',
      String(from + i * part),
      '--schedules',
      String(mine),
    ];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    const exited = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
    for await (const text of createInterface({ input: child.stdout })) {
      const line = JSON.parse(text);
      if (line.played !== undefined) {
        played += line.played;
        if (played % SAID_EVERY === 0) process.stderr.write(`${tally()}\n`);
      } else if ((broken += 1) <= MAX_FAILURES) say(`${line.message}\nagain: ${line.line}`);
    }
    return exited;
  });
  const codes = await Promise.all(ends);
  for (const code of codes) if (code !== 0) say(`a process ended early: ${code}`);
  say(tally());
  process.exitCode = broken === 0 && played === schedules && codes.every((code) => code === 0) ? 0 : 1;
}

async function mutants() {
  for (const mutant of MUTANTS) {
    const found = await findMutant(mutant);
    if (found === undefined) process.exitCode = 1;
    say(
      `| ${mutant.breaks} | \`${mutant.file}\` | ${found === undefined ? 'not found' : `${found.seed} (${found.broken.law})`} |`,
    );
  }
}

const from = Number(values.from);
if (values.seed !== undefined) await one(Number(values.seed));
else if (values.share) await share(from, Number(values.schedules));
else if (values.mutants) await mutants();
else await many(Number(values.schedules ?? 10_000), from, Number(values.workers));
