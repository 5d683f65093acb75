import { extname } from 'node:path';
import { KeptThread } from '../kept-thread.ts';
import type { FromRecallWorker, RecallWorkerInput, ToRecallWorker } from './messages.ts';

export interface RecallHostOptions {
  readonly input: RecallWorkerInput;
  /** Environment of the worker: no NODE_OPTIONS, which would load the application's preloads there. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onMessage: (message: FromRecallWorker) => void;
  /** It has (re)started: it knows no judges yet. */
  readonly onStart: () => void;
  /** It ended by itself and is started again: what is on disk begins anew there. */
  readonly onDeath: (error: string) => void;
}

/** The thread that evaluates. It keeps the process alive only while somebody waits for an answer. */
export class RecallHost {
  readonly #thread: KeptThread<ToRecallWorker, FromRecallWorker>;

  constructor({ input, env, onMessage, onStart, onDeath }: RecallHostOptions) {
    this.#thread = new KeptThread<ToRecallWorker, FromRecallWorker>({
      name: 'keepspan-evaluation',
      file: new URL(`./worker${extname(import.meta.url)}`, import.meta.url),
      input: () => input,
      env,
      onMessage: (message) => {
        if (message.type === 'events') this.#thread.works();
        onMessage(message);
      },
      onStart,
      onDeath,
    });
  }

  tell(message: ToRecallWorker): void {
    this.#thread.tell(message);
  }

  /** Somebody waits for an answer: the process must not end before it for want of work. */
  hold(): void {
    this.#thread.hold();
  }

  release(): void {
    this.#thread.release();
  }

  /** Ends the thread; what it has under way stays on disk. */
  stop(): Promise<void> {
    return this.#thread.stop({ type: 'stop' });
  }
}
