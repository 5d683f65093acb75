// npm run bench [-- --json] [--gate] [--case id]… [--tiny]: what Keepspan costs, beside the alternative in the same run.
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { CASES } from './cases.ts';
import { isKept } from './lib/case.ts';
import { renderCase } from './lib/render.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    gate: { type: 'boolean', default: false },
    tiny: { type: 'boolean', default: false },
    case: { type: 'string', multiple: true },
  },
});
const chosen = values.case ?? CASES.map(({ id }) => id);
const unknown = chosen.find((id) => !CASES.some((one) => one.id === id));
if (unknown !== undefined) {
  process.stderr.write(
    `bench: unknown case ${unknown}; known are: ${CASES.map(({ id }) => id).join(', ')}\n`,
  );
  process.exit(2);
}

const results = [];
for (const bench of CASES) {
  const { id, promise, alternative } = bench;
  if (!chosen.includes(id)) continue;
  const measurements = await bench.run(values.tiny ? 'tiny' : 'full');
  results.push({ id, promise, alternative, measurements, kept: measurements.every(isKept) });
  if (!values.json) process.stdout.write(renderCase(results.at(-1)!));
}
const kept = results.every((result) => result.kept);
if (values.json) {
  const machine = {
    node: process.version,
    platform: process.platform,
    arch: process.arch,
    cores: cpus().length,
  };
  process.stdout.write(`${JSON.stringify({ machine, kept, cases: results }, null, 2)}\n`);
}
if (values.gate && !kept) process.exitCode = 1;
