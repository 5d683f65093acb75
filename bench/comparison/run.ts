// node bench/comparison/run.ts [--rival id]… [--scenario id]… [--runs 3] [--lanes 4] [--json FILE] [--merge FILE]: what arrives of
// 1,000 LLM spans, how long the process takes to end and what it costs, for Keepspan and for what one would use instead.
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { installCollector } from '../../scripts/counterparts/collector.ts';
import { installLangfuse } from './install-langfuse.ts';
import { RIVALS } from './rivals.ts';
import { runOnce, type Outcome } from './run-once.ts';
import { SCENARIOS } from './scenarios.ts';
import { renderTables, type Cell } from './tables.ts';

const { values } = parseArgs({
  options: {
    rival: { type: 'string', multiple: true },
    scenario: { type: 'string', multiple: true },
    runs: { type: 'string', default: '3' },
    lanes: { type: 'string', default: '4' },
    json: { type: 'string' },
    merge: { type: 'string' },
  },
});

function chosen<T extends { readonly id: string }>(
  what: string,
  all: readonly T[],
  ids: readonly string[] | undefined,
): readonly T[] {
  const unknown = ids?.find((id) => !all.some((one) => one.id === id));
  if (unknown !== undefined) {
    process.stderr.write(
      `comparison: unknown ${what} ${unknown}; known are: ${all.map(({ id }) => id).join(', ')}\n`,
    );
    process.exit(2);
  }
  return ids === undefined ? all : all.filter(({ id }) => ids.includes(id));
}

const rivals = chosen('rival', RIVALS, values.rival);
const scenarios = chosen('scenario', SCENARIOS, values.scenario);
if (rivals.some(({ collector }) => collector)) installCollector();
if (rivals.some(({ env }) => 'COMPARISON_LANGFUSE' in env)) installLangfuse();

const cells = new Map<string, Cell & { readonly outcomes: Outcome[] }>();
/** Of an earlier run, where this one measures nothing: one row can be measured again, and shown among the others. */
const earlier =
  values.merge === undefined ? [] : (JSON.parse(readFileSync(values.merge, 'utf8')) as readonly Cell[]);
const jobs = Array.from({ length: Number(values.runs) }, () =>
  scenarios.flatMap((scenario) => rivals.map((rival) => ({ scenario, rival }))),
).flat();

/** Runs that could not be played: they are said, and count for nobody. */
const failures: string[] = [];

/** `lanes` at a time: most of a fault is waiting. What is compared by cost runs alone. */
async function play(group: (job: (typeof jobs)[number]) => boolean, lanes: number): Promise<void> {
  const queue = jobs.filter(group);
  const lane = async (): Promise<void> => {
    for (let job = queue.shift(); job !== undefined; job = queue.shift()) {
      const { rival, scenario } = job;
      const id = `${rival.id}/${scenario.id}`;
      const outcome = await runOnce(rival, scenario).catch((error: unknown) => {
        failures.push(`${id}: ${String(error)}`);
        process.stderr.write(`${failures.at(-1)}\n`);
      });
      if (outcome === undefined) continue;
      const cell = cells.get(id) ?? { rival: rival.id, scenario: scenario.id, outcomes: [] };
      cell.outcomes.push(outcome);
      cells.set(id, cell);
      process.stderr.write(`${id}: ${JSON.stringify(outcome)}\n`);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

await play(({ scenario }) => scenario.group === 'faults', Number(values.lanes));
await play(({ scenario }) => scenario.group === 'exits', Math.min(2, Number(values.lanes)));
await play(({ scenario }) => scenario.group === 'cost', 1);
const all = [
  ...earlier.filter(({ rival, scenario }) => !cells.has(`${rival}/${scenario}`)),
  ...cells.values(),
];
const isShown = (id: string, of: 'rival' | 'scenario'): boolean => all.some((cell) => cell[of] === id);
process.stdout.write(
  renderTables(
    RIVALS.filter(({ id }) => isShown(id, 'rival')),
    SCENARIOS.filter(({ id }) => isShown(id, 'scenario')),
    all,
  ),
);
if (failures.length > 0) process.exitCode = 1;
if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(all, null, 2));
