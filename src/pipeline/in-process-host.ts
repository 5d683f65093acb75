import { locateTracer } from '../bridges/dd-trace/locate.ts';
import { runUntraced } from '../bridges/dd-trace/untraced.ts';
import type { DeliveryHost, DeliveryLoops, HostOptions } from './delivery-host.ts';
import { passOn } from './delivery-host.ts';
import { startDelivery } from './delivery-loops.ts';
import { startOtlpDelivery } from './otlp/delivery-loops.ts';
import type { OtlpWorkerInput } from './otlp/worker-input.ts';
import type { FromWorker, MemoryRecord, ToWorker, WorkerInput } from './worker-messages.ts';

/**
 * Delivery in the application's own thread, which it never keeps alive. What it sends is not traced: its loops begin
 * in a context in which the tracer looks away, and everything they do later inherits that.
 */
export class InProcessHost implements DeliveryHost {
  #loops: DeliveryLoops | undefined;
  #flushed: (() => void)[] = [];

  constructor(options: HostOptions) {
    const { input, file } = options;
    const tell = (message: FromWorker): void => {
      if (message.type === 'statistics-flushed') this.#endFlush();
      else passOn(options, message);
    };
    const how = { holdsProcess: false };
    runUntraced(locateTracer(process.argv[1], process.cwd()), () => {
      this.#loops =
        file === 'otlp/worker'
          ? startOtlpDelivery(input as OtlpWorkerInput, tell, how)
          : startDelivery(input as WorkerInput, tell, how);
    });
  }

  hand(record: MemoryRecord): boolean {
    return this.#tell({ type: 'memory', record });
  }

  journalMoved(journal: Pick<WorkerInput, 'directory' | 'writerId' | 'board'>): void {
    this.#tell({ type: 'journal', ...journal });
  }

  hurry(): void {
    this.#tell({ type: 'hurry' });
  }

  flushStatistics(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#flushed.push(resolve);
    if (!this.#tell({ type: 'flush-statistics' })) this.#endFlush();
    return promise;
  }

  async stop(): Promise<void> {
    const loops = this.#loops;
    if (loops === undefined) return;
    this.#tell({ type: 'stop' });
    this.#loops = undefined;
    await loops.ended;
    this.#endFlush();
  }

  #tell(message: ToWorker): boolean {
    this.#loops?.receive(message);
    return this.#loops !== undefined;
  }

  #endFlush(): void {
    for (const resolve of this.#flushed.splice(0)) resolve();
  }
}
