// Judges a policy's verdicts from what the generator knows of a trace, not from what stands on its spans. It shares
// no code with src/sampling: globs are regular expressions here, and the hash is done in two halves of 32 bits.

export interface OracleRule {
  readonly noise?: 'health' | 'poll:sqs' | 'poll:kafka';
  readonly name?: string;
  readonly service?: string;
  readonly tier?: string;
  readonly rate: number;
}

/** A part of a trace, as it is released. */
export interface Part {
  readonly traceId: bigint;
  readonly hasRoot: boolean;
  readonly kind: 'health' | 'sqs' | 'kafka' | 'web' | 'cron';
  readonly name: string;
  readonly service: string;
  readonly tier: string;
  /** An LLM span, an error, a wish or an evaluation is in this part. */
  readonly matters: boolean;
  readonly messages: boolean;
}

export class Oracle {
  readonly #rules: readonly OracleRule[];
  readonly #fates = new Map<bigint, boolean>();

  constructor(rules: readonly OracleRule[]) {
    this.#rules = rules;
  }

  keeps(part: Part): boolean {
    const fate = this.#fates.get(part.traceId);
    if (part.matters) {
      if (fate === false) this.#fates.set(part.traceId, true);
      return true;
    }
    if (fate !== undefined) return fate;
    if (!part.hasRoot) {
      this.#fates.set(part.traceId, true);
      return true;
    }
    const rule = this.#rules.find((candidate) => applies(candidate, part));
    if (rule === undefined) return true;
    if (rule.noise?.startsWith('poll:') === true && part.messages) return true;
    if (passes(part.traceId, rule.rate)) return true;
    this.#fates.set(part.traceId, false);
    return false;
  }

  /** Nothing more will come of these traces. */
  forget(traceIds: Iterable<bigint>): void {
    for (const traceId of traceIds) this.#fates.delete(traceId);
  }
}

const CLASS = { health: 'health', sqs: 'poll:sqs', kafka: 'poll:kafka', web: '', cron: '' } as const;

function applies(rule: OracleRule, part: Part): boolean {
  if (rule.noise !== undefined && CLASS[part.kind] !== rule.noise) return false;
  if (rule.name !== undefined && !glob(rule.name).test(part.name)) return false;
  if (rule.service !== undefined && !glob(rule.service).test(part.service)) return false;
  return rule.tier === undefined || glob(rule.tier).test(part.tier);
}

const globs = new Map<string, RegExp>();

function glob(pattern: string): RegExp {
  let compiled = globs.get(pattern);
  if (compiled === undefined) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    compiled = new RegExp(`^${source}$`, 'is');
    globs.set(pattern, compiled);
  }
  return compiled;
}

/** 1111111111111111111 = 0x0F6B75AB_2BC471C7. */
const FACTOR_HIGH = 0x0f6b75ab;
const FACTOR_LOW = 0x2bc471c7;

/** Knuth's hash of the id, as a fraction of 2^64, against the rate. */
function passes(traceId: bigint, rate: number): boolean {
  const high = Number(traceId >> 32n);
  const low = Number(traceId & 0xffff_ffffn);
  const [carry, bottom] = multiply(low, FACTOR_LOW);
  const top = (carry + Math.imul(low, FACTOR_HIGH) + Math.imul(high, FACTOR_LOW)) >>> 0;
  return rate > 0 && (top + bottom / 2 ** 32) / 2 ** 32 <= rate;
}

/** The product of two words of 32 bits, as two such words. */
function multiply(a: number, b: number): [number, number] {
  const [aHigh, aLow, bHigh, bLow] = [a >>> 16, a & 0xffff, b >>> 16, b & 0xffff];
  const low = aLow * bLow;
  const middle = aHigh * bLow + Math.floor(low / 65_536);
  const other = aLow * bHigh + (middle % 65_536);
  const high = aHigh * bHigh + Math.floor(middle / 65_536) + Math.floor(other / 65_536);
  return [high, (other % 65_536) * 65_536 + (low % 65_536)];
}
