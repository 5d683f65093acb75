// Calls functions bare and wrapped while nothing is switched on. Arguments: rounds, calls a round.
import { workflow } from 'keepspan';

/** Nanoseconds a call, one value a round. */
export interface WrapperCosts {
  /** One function at one call site: the compiler inlines what it can. */
  readonly one: { readonly bare: readonly number[]; readonly wrapped: readonly number[] };
  /** Many functions at one call site: it cannot. */
  readonly many: { readonly bare: readonly number[]; readonly wrapped: readonly number[] };
  /** Whether the wrapper is the function itself. */
  readonly same: boolean;
}

type Step = (this: { readonly by: number }, a: number, b: number) => number;

const [rounds = 0, calls = 0] = process.argv.slice(2).map(Number);

/** Small integers throughout: a number that has to be allocated would cost more than what is measured. */
const BARE: readonly Step[] = [
  function (a, b) {
    return (a + b * this.by) & 0xff;
  },
  function (a, b) {
    return (a - b * this.by) & 0xff;
  },
  function (a, b) {
    return (a ^ (b + this.by)) & 0xff;
  },
  function (a, b) {
    return (a | (b + this.by)) & 0xff;
  },
  function (a, b) {
    return (a * b + this.by) & 0xff;
  },
  function (a, b) {
    return (a * b - this.by) & 0xff;
  },
  function (a, b) {
    return (b - a * this.by) & 0xff;
  },
  function (a, b) {
    return (b + (a ^ this.by)) & 0xff;
  },
];
const WRAPPED = BARE.map((step) => workflow('bench.step', step));
const owner = { by: 3, bare: BARE[0]!, wrapped: WRAPPED[0]! };
let sum = 0;

/** A loop of its own for each, so that none sees the callees of another. */
const LOOPS = {
  bareOne: () => {
    for (let i = 0; i < calls; i++) sum = (sum + owner.bare(i & 0xff, 1)) & 0xffff;
  },
  wrappedOne: () => {
    for (let i = 0; i < calls; i++) sum = (sum + owner.wrapped(i & 0xff, 1)) & 0xffff;
  },
  bareMany: () => {
    for (let i = 0; i < calls; i++) sum = (sum + BARE[i & 7]!.call(owner, i & 0xff, 1)) & 0xffff;
  },
  wrappedMany: () => {
    for (let i = 0; i < calls; i++) sum = (sum + WRAPPED[i & 7]!.call(owner, i & 0xff, 1)) & 0xffff;
  },
};

function measure(loop: () => void): number {
  const before = process.threadCpuUsage();
  loop();
  const { user, system } = process.threadCpuUsage(before);
  return ((user + system) * 1000) / calls;
}

const costs = {
  one: { bare: [] as number[], wrapped: [] as number[] },
  many: { bare: [] as number[], wrapped: [] as number[] },
};
for (let round = -3; round < rounds; round++) {
  const one = { bare: measure(LOOPS.bareOne), wrapped: measure(LOOPS.wrappedOne) };
  const many = { bare: measure(LOOPS.bareMany), wrapped: measure(LOOPS.wrappedMany) };
  if (round < 0) continue; // Until everything is compiled.
  costs.one.bare.push(one.bare);
  costs.one.wrapped.push(one.wrapped);
  costs.many.bare.push(many.bare);
  costs.many.wrapped.push(many.wrapped);
}
if (sum === 0) throw new Error('the loops were not run');
process.send!({ ...costs, same: owner.wrapped === owner.bare } satisfies WrapperCosts);
process.disconnect();
