// Calls a function bare and wrapped while nothing is switched on. Arguments: rounds, calls a round.
import { workflow } from 'keepspan';

export interface WrapperCosts {
  /** Nanoseconds a call, one value a round. */
  readonly wrapped: readonly number[];
  readonly bare: readonly number[];
  readonly same: boolean;
}

const [rounds = 0, calls = 0] = process.argv.slice(2).map(Number);

let sum = 0;
const bare = function add(this: { by: number }, a: number, b: number): number {
  sum += a;
  return a + b * this.by;
};
const wrapped = workflow('bench.add', bare);
const owner = { by: 2, bare, wrapped };

/** A loop of its own for each, so that the compiler sees one callee in each. */
function callBare(): void {
  for (let i = 0; i < calls; i++) sum += owner.bare(i, 1);
}

function callWrapped(): void {
  for (let i = 0; i < calls; i++) sum += owner.wrapped(i, 1);
}

function measure(loop: () => void): number {
  const before = process.threadCpuUsage();
  loop();
  const { user, system } = process.threadCpuUsage(before);
  return ((user + system) * 1000) / calls;
}

const costs = { wrapped: [] as number[], bare: [] as number[] };
for (let round = -3; round < rounds; round++) {
  const pair = { wrapped: measure(callWrapped), bare: measure(callBare) };
  if (round < 0) continue;
  costs.wrapped.push(pair.wrapped);
  costs.bare.push(pair.bare);
}
if (!Number.isFinite(sum)) throw new Error('the loops were not run');
process.send!({ ...costs, same: wrapped === bare } satisfies WrapperCosts);
process.disconnect();
