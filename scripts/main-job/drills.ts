import type { PackageDocument } from '../../examples/extraction/service/documents.ts';
import type { ExtractionResult } from '../../examples/extraction/service/results.ts';
import type { ArrivalCounts } from '../../test/support/arrivals.ts';
import type { Receiver } from '../../test/support/receiver.ts';
import { ExtractionClient } from './client.ts';
import { judge, type DrillName } from './judge.ts';
import { pendingTotal, type LedgerCounts } from './ledger.ts';
import { addRuleCounts, ruleCountsIn, type RuleCount } from './noise.ts';
import type { RecallCounts } from './recall.ts';
import type { Exit } from './processes.ts';
import type { RunningService } from './service.ts';
import { until } from './wait.ts';

export interface DrillReport {
  readonly name: DrillName;
  readonly durationMs: number;
  readonly ledger: LedgerCounts;
  /** What hybrid recall decided, over all processes of the drill. */
  readonly recall: RecallCounts;
  readonly arrivals: ArrivalCounts;
  /** Pending when the first process had ended: what the replay had to bring. */
  readonly replayed: number;
  readonly findings: readonly string[];
}

export interface DrillOutcome {
  readonly report: DrillReport;
  readonly results: ReadonlyMap<string, ExtractionResult>;
  readonly probes: number;
  /** What the policy says of all processes that could still say it. */
  readonly rules: readonly RuleCount[];
}

/** What a drill works with. The journal is its own; the receiver has been reset. */
export interface DrillSurroundings {
  readonly documents: readonly PackageDocument[];
  readonly receiver: Receiver;
  startService(): Promise<RunningService>;
  ledger(): Promise<LedgerCounts>;
  recall(): Promise<RecallCounts>;
}

/** Callers that bring documents at the same time. */
const CALLERS = 8;
const WORK_TIMEOUT_MS = 60_000;
const REPLAY_TIMEOUT_MS = 20_000;
const OUTAGE_WITH_503_MS = 1_000;

/** Runs one drill to its end: interruption, restart, replay, and the comparison of both counts. */
export async function runDrill(name: DrillName, surroundings: DrillSurroundings): Promise<DrillOutcome> {
  const startedAtMs = performance.now();
  const drill = new Drill(surroundings);
  let replayed = 0;
  try {
    await STORIES[name](drill);
    replayed = pendingTotal(await surroundings.ledger());
    const { waiting } = await surroundings.recall();
    if (name !== 'steady' || replayed + waiting > 0) await drill.finishAndReplay();
  } catch (error) {
    drill.findings.push(`did not finish: ${messageOf(error)}`);
    await drill.abandon();
  }
  const ledger = await surroundings.ledger().catch((error: unknown) => {
    throw new Error([`${name}: no ledger: ${messageOf(error)}`, ...drill.findings].join('\n'));
  });
  const recall = await surroundings.recall();
  const arrivals = surroundings.receiver.arrivals.counts();
  const results = drill.client.results;
  const findings = [
    ...drill.findings,
    ...drill.client.failures.map((failure) => `extraction failed: ${failure}`),
    ...surroundings.receiver.arrivals.errors().map((error) => `the receiver could not read: ${error}`),
    ...judge({ name, results: [...results.values()], ledger, recall, arrivals }),
  ];
  const durationMs = Math.round(performance.now() - startedAtMs);
  return {
    report: { name, durationMs, ledger, recall, arrivals, replayed, findings },
    results,
    probes: drill.probes,
    rules: addRuleCounts(drill.rules),
  };
}

const STORIES: Readonly<Record<DrillName, (drill: Drill) => Promise<void>>> = {
  async steady(drill) {
    await drill.start();
    await drill.work();
    await drill.stop('SIGTERM');
  },
  async sigterm(drill) {
    await drill.start();
    await drill.workUntil(1 / 3);
    await drill.stop('SIGTERM');
  },
  async sigkill(drill) {
    await drill.start();
    await drill.workUntil(1 / 3);
    await drill.stop('SIGKILL');
  },
  /** The upstream answers 503, then is not there at all, and stays away while the service shuts down. */
  async outage(drill) {
    await drill.start();
    await drill.workUntil(1 / 4);
    drill.surroundings.receiver.setMode('unavailable');
    const cut = setTimeout(() => drill.surroundings.receiver.setMode('cut'), OUTAGE_WITH_503_MS);
    try {
      await drill.workUntil(3 / 4);
      await drill.stop('SIGTERM');
      if (drill.surroundings.receiver.refused() === 0) drill.findings.push('no request met the outage');
    } finally {
      clearTimeout(cut);
      drill.surroundings.receiver.setMode('up');
    }
  },
};

class Drill {
  readonly surroundings: DrillSurroundings;
  readonly client: ExtractionClient;
  readonly findings: string[] = [];
  readonly rules: (readonly RuleCount[])[] = [];
  probes = 0;
  #service: RunningService | undefined;
  #work: Promise<void> | undefined;

  constructor(surroundings: DrillSurroundings) {
    this.surroundings = surroundings;
    this.client = new ExtractionClient(surroundings.documents);
  }

  async start(): Promise<void> {
    this.#service = await this.surroundings.startService();
  }

  /** Brings all documents that have no result yet. */
  async work(): Promise<void> {
    await this.#bounded(this.#begin());
  }

  /** Returns in mid-flight, when this share of all documents has its result. */
  async workUntil(share: number): Promise<void> {
    const enough = Math.ceil(this.surroundings.documents.length * share);
    let failure: unknown;
    this.#begin().catch((error: unknown) => {
      failure = error;
    });
    await until(
      () => this.client.done >= enough || failure !== undefined,
      WORK_TIMEOUT_MS,
      `${enough} results`,
      5,
    );
    if (failure !== undefined) throw failure;
  }

  /** Ends the service, and with it whatever the callers wait for. */
  async stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const service = this.#running();
    const wasUnderWay = this.#work !== undefined;
    if (wasUnderWay && this.client.done === this.surroundings.documents.length) {
      this.findings.push('nothing was under way when the service was interrupted');
    }
    this.client.interrupt();
    const exit = await service.stop(signal);
    this.probes += service.probes();
    this.rules.push(ruleCountsIn(service.outputTail()));
    await this.#bounded(this.#work ?? Promise.resolve());
    this.#work = undefined;
    this.#service = undefined;
    if (signal === 'SIGTERM') this.#expectCleanEnd(exit, service);
  }

  /** A new process on the same journal: it does the work that is left and delivers what its predecessor could not. */
  async finishAndReplay(): Promise<void> {
    await this.start();
    await this.work();
    try {
      const isDone = async (): Promise<boolean> =>
        (await this.surroundings.recall()).waiting === 0 &&
        pendingTotal(await this.surroundings.ledger()) === 0;
      await until(isDone, REPLAY_TIMEOUT_MS, 'everything to be judged and the journal to be delivered', 250);
    } catch (error) {
      this.findings.push(messageOf(error));
    }
    await this.stop('SIGTERM');
  }

  /** Ends a drill that cannot go on; the findings say why. */
  async abandon(): Promise<void> {
    this.client.interrupt();
    await this.#service?.stop('SIGKILL');
    this.#service = undefined;
  }

  #begin(): Promise<void> {
    this.#work ??= this.client.run(this.#running().baseUrl, CALLERS);
    return this.#work;
  }

  async #bounded(work: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const bound = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(
        () => reject(new Error(`the work took longer than ${WORK_TIMEOUT_MS} ms`)),
        WORK_TIMEOUT_MS,
      );
    });
    try {
      await Promise.race([work, bound]);
    } finally {
      clearTimeout(timer);
      this.#work = undefined;
    }
  }

  #running(): RunningService {
    if (this.#service === undefined) throw new Error('the service is not running');
    return this.#service;
  }

  #expectCleanEnd(exit: Exit, service: RunningService): void {
    if (exit.code === 0) return;
    const how = exit.signal ?? `code ${exit.code}`;
    this.findings.push(`after SIGTERM the service ended with ${how}: ${service.outputTail().slice(-300)}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
