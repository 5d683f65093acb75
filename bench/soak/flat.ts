/** What a process holds at one moment. Bytes, and counts of open files and of files in the journal. */
export interface SoakSample {
  readonly atMs: number;
  readonly spans: number;
  readonly rssBytes: number;
  readonly heapBytes: number;
  readonly openFiles: number;
  readonly journalFiles: number;
  readonly journalBytes: number;
}

export type Held = Exclude<keyof SoakSample, 'atMs' | 'spans'>;

/** The highest value of the first third after warming up, and of the last; `grew` when the last is beyond what may be. */
export interface Flatness {
  readonly held: Held;
  readonly firstMax: number;
  readonly lastMax: number;
  readonly grew: boolean;
}

/** What a value may be more than before: a tenth, or so much. */
const SLACK: Readonly<Record<Held, number>> = {
  rssBytes: 20 << 20,
  heapBytes: 20 << 20,
  openFiles: 2,
  journalFiles: 4,
  // What waits at the moment of a sample: bounded by what the program lets wait, not by a tenth.
  journalBytes: 64 << 20,
};
const TENTH = 1.1;
/** Of all samples, so many come while code is compiled and buffers grow to their size. */
const WARM_UP_SHARE = 0.15;
const LEAST_SAMPLES = 9;

/** @throws RangeError with too few samples to say anything */
export function flatness(samples: readonly SoakSample[]): readonly Flatness[] {
  if (samples.length < LEAST_SAMPLES)
    throw new RangeError(`${samples.length} samples, ${LEAST_SAMPLES} are needed`);
  const warm = samples.slice(Math.ceil(samples.length * WARM_UP_SHARE));
  const third = Math.floor(warm.length / 3);
  const first = warm.slice(0, third);
  const last = warm.slice(-third);
  return (Object.keys(SLACK) as Held[]).map((held) => {
    const [firstMax, lastMax] = [first, last].map((part) => Math.max(...part.map((sample) => sample[held])));
    const grew = lastMax! > Math.max(firstMax! * TENTH, firstMax! + SLACK[held]);
    return { held, firstMax: firstMax!, lastMax: lastMax!, grew };
  });
}
