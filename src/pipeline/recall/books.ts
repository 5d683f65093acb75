import type { EvaluationInput } from '../../contracts/evaluation.ts';
import type { ExportedSpan } from '../../contracts/signal.ts';
import type { RecallOutcome, Stage } from '../../evaluation/recall/types.ts';
import type { RecallCounts } from './counts.ts';
import { appendMarks } from './marks.ts';
import type { PlacedEvent } from './messages.ts';

export interface BooksOptions {
  /** Puts an evaluation into the journal. */
  readonly submit: (input: EvaluationInput) => boolean;
  /** The span is known to be lost: its evaluation would stand alone. */
  readonly isLost: (span: ExportedSpan) => boolean;
  /** The span of a judge's call, by its number. Default: no call has one. */
  readonly judgeSpan?: (call: number) => ExportedSpan | undefined;
  /** Says where jobs stand, on disk. Default: beside the segment. */
  readonly mark?: typeof appendMarks;
  readonly onError: (error: unknown) => void;
  /** What was counted has changed. */
  readonly onCounted: () => void;
  /** A request above the threshold was judged at random. */
  readonly onAudited?: (missed: boolean) => void;
}

type MarkedStage = Exclude<Stage, 'queued'>;

/**
 * Keeps the books of hybrid recall where evaluations are submitted: intent, evaluation, mark, counts, answer. Between
 * intent and mark lie microseconds; a kill there sends an evaluation twice at most, under the same id, and is counted.
 */
export class RecallBooks {
  readonly #options: BooksOptions;
  readonly #counts: Record<string, number> = {};
  /** Who waits for the answer, by job. */
  readonly #waiting = new Map<string, (outcome: RecallOutcome) => void>();
  /** Jobs of this process without a verdict, skipped ones included. */
  #open = 0;

  constructor(options: BooksOptions) {
    this.#options = options;
  }

  get open(): number {
    return this.#open;
  }

  counts(): RecallCounts {
    return { ...this.#counts };
  }

  count(name: string, n = 1): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + n;
    this.#options.onCounted();
  }

  /** A job is on its way. */
  opened(key: string, answer: (outcome: RecallOutcome) => void): void {
    this.#open += 1;
    this.#waiting.set(key, answer);
  }

  /** Jobs of an earlier process came to this one. */
  adopted(jobs: number): void {
    this.#open += jobs;
  }

  /** @returns keys of the jobs that are through with */
  book(events: readonly PlacedEvent[]): string[] {
    this.#mark(events, ({ event }) => (event.submit === undefined ? undefined : 'submitting'));
    const held = events.filter(
      ({ event }) => event.submit !== undefined && !this.#submit(event.submit, event.judgeCall),
    );
    // A judge that answers at once has a job twice in a batch: where it stands last is what counts.
    const last = new Map(events.map((placed) => [placed.event.key, placed]));
    this.#mark([...last.values()], ({ event }) => event.stage);
    const through: string[] = [];
    for (const placed of events) {
      const { key, stage, outcome, count } = placed.event;
      for (const name of count) this.count(name);
      if (count.includes('audits')) this.#options.onAudited?.(count.includes('auditMisses'));
      if (outcome !== undefined) this.#answer(key, outcome, !held.includes(placed));
      if (stage !== 'done' && stage !== 'dropped') continue;
      through.push(key);
      this.#open -= 1;
    }
    return through;
  }

  /** This process stops: whoever waits learns that it goes on elsewhere. */
  close(): void {
    for (const answer of this.#waiting.values()) answer({ decision: 'pending' });
    this.#waiting.clear();
  }

  #submit(given: EvaluationInput, judgeCall: number | undefined): boolean {
    const judgeSpan = judgeCall === undefined ? undefined : this.#options.judgeSpan?.(judgeCall);
    const input = judgeSpan === undefined ? given : { ...given, judgeSpan };
    if (input.span !== undefined && this.#options.isLost(input.span)) {
      this.count('heldBack');
      return false;
    }
    this.count(this.#options.submit(input) ? 'submitted' : 'notSubmitted');
    return true;
  }

  #answer(key: string, outcome: RecallOutcome, submitted: boolean): void {
    const answer = this.#waiting.get(key);
    if (answer === undefined) return;
    this.#waiting.delete(key);
    const isVerdict = outcome.decision === 'heuristic' || outcome.decision === 'judge';
    answer(isVerdict && !submitted ? { ...outcome, submitted } : outcome);
  }

  /** One write for all jobs of a segment that stand alike. */
  #mark(events: readonly PlacedEvent[], stageOf: (placed: PlacedEvent) => MarkedStage | undefined): void {
    const groups = Map.groupBy(
      events.filter((placed) => placed.mark !== undefined && stageOf(placed) !== undefined),
      (placed) => `${stageOf(placed)}\n${placed.mark!.segment}\n${placed.mark!.folder}`,
    );
    for (const group of groups.values()) {
      const { folder, segment } = group[0]!.mark!;
      try {
        const numbers = group.map(({ mark }) => mark!.number);
        (this.#options.mark ?? appendMarks)(folder, segment, stageOf(group[0]!)!, numbers);
      } catch (error) {
        // The evaluation is in custody; without its mark the next start may send it again, under the same id.
        this.count('unmarked', group.length);
        this.#options.onError(error);
      }
    }
  }
}
