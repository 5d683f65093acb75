import type { Patch } from './knobs.ts';

/** One fault put into the code under test, which the simulation must find within `within` schedules. */
export interface Mutant extends Patch {
  readonly name: string;
  readonly breaks: string;
  readonly within: number;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no-intent',
    breaks: 'a request leaves without its intent on disk',
    file: 'delivery/exchange.ts',
    find: "if (!(await persistence.insist(() => source.intent(carried + signals)))) return { kind: 'stopped' };",
    replace: '',
    within: 100,
  },
  {
    name: 'intent-forgotten',
    breaks: 'what a dead deliverer had under way is not counted by the next',
    file: 'journal/outcomes.ts',
    find: 'if (inFlight > 0) this.maybeTwice(kind, inFlight);',
    replace: 'void inFlight;',
    within: 100,
  },
  {
    name: 'carried-forgotten',
    breaks: 'parts that upstream took of a refused record are not remembered',
    file: 'delivery/refused-record.ts',
    find: 'carried += signals;',
    replace: '',
    within: 1000,
  },
  {
    name: 'eviction-order',
    breaks: 'a full journal gives up what is most important first',
    file: 'journal/room.ts',
    find: 'SIGNAL_KINDS.slice(0, rank + 1).entries()',
    replace: 'SIGNAL_KINDS.slice(0, rank + 1).toReversed().entries()',
    within: 100,
  },
  {
    name: 'marker-of-one',
    breaks: 'a merged eviction marker tells of the last segment alone',
    file: 'journal/room.ts',
    find: 'evict(writerPath, segment, all);',
    replace: 'evict(writerPath, segment, held);',
    within: 100,
  },
  {
    name: 'claim-ignored',
    breaks: 'a writer is delivered although somebody alive holds its claim',
    file: 'journal/numbered-claim.ts',
    find: 'if (isAlive(latest.identity, latest.leaseAgeMs)) return false;',
    replace: '',
    within: 200,
  },
  {
    name: 'offset-reused',
    breaks: 'a resolution points before the records that it resolves',
    file: 'pipeline/journal-source.ts',
    find: 'offset: last.endOffset, signals }',
    replace: 'offset: last.startOffset, signals }',
    within: 100,
  },
  {
    name: 'log-not-synced',
    breaks: 'a segment is removed before the log that resolves it is synced',
    file: 'pipeline/journal-source.ts',
    find: 'this.#options.log.sync();',
    replace: '',
    within: 20_000,
  },
  {
    name: 'short-write',
    breaks: 'the rest of a short write goes to where the record begins',
    file: 'journal/segment-writer.ts',
    find: 'length - written, this.#position + written)',
    replace: 'length - written, this.#position)',
    within: 100,
  },
  {
    name: 'disk-error-is-death',
    breaks: 'a writer whose owner cannot be read counts as gone',
    file: 'journal/claim.ts',
    find: "    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return 'dead';\n    throw error;",
    replace: "    return 'dead';",
    within: 8000,
  },
  {
    name: 'torn-quarantine',
    breaks: 'a quarantine line is written into a torn one',
    file: 'journal/append-line.ts',
    find: "fstatSync(fd).size === 0 ? '' : '\\n'",
    replace: "''",
    within: 1500,
  },
  {
    name: 'memory-removed',
    breaks: 'a record leaves memory although the disk refused it',
    file: 'journal/guarded.ts',
    find: "if (result === 'failed' || result === 'full') return;",
    replace: "if (result === 'full') return;",
    within: 100,
  },
  {
    name: 'copies-of-memory',
    breaks: 'copies of what was delivered from memory are not counted',
    file: 'pipeline/memory-source.ts',
    find: '    this.#maybeTwice(signals);',
    replace: '    void signals;',
    within: 1500,
  },
  {
    name: 'damage-uncounted',
    breaks: 'a gap between records counts as nothing',
    file: 'pipeline/journal-source.ts',
    find: 'damaged += Math.max(0, header.before - signals);',
    replace: '',
    within: 100,
  },
  {
    name: 'refused-is-taken',
    breaks: 'a 4xx counts as delivered',
    file: 'delivery/status.ts',
    find: "return RETRY.has(status) ? 'retry' : 'refused';",
    replace: "return RETRY.has(status) ? 'retry' : 'delivered';",
    within: 100,
  },
  {
    name: 'deaf-to-stop',
    breaks: 'a loop that is told to stop goes on waiting',
    file: 'delivery/pacer.ts',
    find: "this.#stopped.addEventListener('abort', stop);",
    replace: '',
    within: 100,
  },
];
