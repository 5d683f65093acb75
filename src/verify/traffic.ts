import { parseRequest, send, type RequestOutcome } from './request.ts';

/** Calls made at a time while the service is interrupted. */
const CALLERS = 4;
const REQUEST_TIMEOUT_MS = 30_000;

export interface Load {
  /** Rounds that were answered as a whole. */
  readonly rounds: () => number;
  /** Rounds under way. */
  readonly underWay: () => number;
  /** Starts no further round and waits for those under way. */
  stop(): Promise<void>;
}

/** One round of work: what is sent to the service, and how it answered. */
export type Round = (baseUrl: string) => Promise<readonly RequestOutcome[]>;

/**
 * The requests of the command line as a round: each once, in order. A request without an answer ends it.
 *
 * @throws what {@link parseRequest} throws
 */
export function requestRound(texts: readonly string[]): Round {
  const lines = texts.map(parseRequest);
  let n = 0;
  return async (baseUrl) => {
    n += 1;
    const outcomes: RequestOutcome[] = [];
    for (const line of lines) {
      const outcome = await send(baseUrl, line, `${process.pid}-${n}`, REQUEST_TIMEOUT_MS);
      outcomes.push(outcome);
      if (outcome.status === 0) break;
    }
    return outcomes;
  };
}

/** Gives the service work, again and again. */
export class Traffic {
  readonly round: Round;

  constructor(round: Round) {
    this.round = round;
  }

  async rounds(baseUrl: string, count: number): Promise<readonly RequestOutcome[]> {
    const all: RequestOutcome[] = [];
    for (let i = 0; i < count; i += 1) all.push(...(await this.round(baseUrl)));
    return all;
  }

  /** Rounds without an end, from several callers. What fails is the point: the service is being interrupted. */
  load(baseUrl: string): Load {
    let stopped = false;
    let done = 0;
    let underWay = 0;
    const call = async (): Promise<void> => {
      while (!stopped) {
        underWay += 1;
        const outcomes = await this.round(baseUrl);
        underWay -= 1;
        if (outcomes.some(({ status }) => status === 0)) return;
        done += 1;
      }
    };
    const callers = Promise.all(Array.from({ length: CALLERS }, call));
    return {
      rounds: () => done,
      underWay: () => underWay,
      async stop() {
        stopped = true;
        await callers;
      },
    };
  }
}

/** `POST /extract 202`, each different answer once, with how often it came. */
export function shownAnswers(outcomes: readonly RequestOutcome[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { line, status, error } of outcomes) {
    const text = `${line.method} ${line.path} ${status === 0 ? (error ?? 'no answer') : status}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return Array.from(counts, ([text, count]) => `${text} (${count} times)`);
}

/** The answers of a run in a form that two runs can be compared in. */
export function answerPattern(outcomes: readonly RequestOutcome[]): string {
  return [...new Set(outcomes.map(({ line, status }) => `${line.method} ${line.path} ${status}`))]
    .toSorted()
    .join('\n');
}
