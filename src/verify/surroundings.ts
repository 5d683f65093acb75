import type { Receiver } from './receiver.ts';
import type { Service } from './service.ts';
import type { Traffic } from './traffic.ts';

/** What is verified, and where. */
export interface Surroundings {
  readonly command: readonly [string, ...string[]];
  readonly cwd: string;
  /** Variables of the service; the stages add what sends its signals to them. */
  readonly env: (
    agentUrl: string,
    journal: string,
    off: boolean,
  ) => Readonly<Record<string, string | undefined>>;
  /** Private: journals and files of the probe. */
  readonly folder: string;
  /** Everything that arrives is passed on to it. */
  readonly workbench?:
    | { readonly datadogUrl: string; readonly otlpUrl: string; readonly uiUrl: string }
    | undefined;
  readonly traffic: Traffic;
  /** Drives the service instead of `traffic`; resolves when it has. */
  readonly drive?: ((baseUrl: string) => Promise<void>) | undefined;
  /** Rounds of requests while it is looked at. */
  readonly rounds: number;
  readonly url?: string | undefined;
  /** Undefined: the usual ones are tried. */
  readonly healthPath?: string | undefined;
  /** A further preload of the first start. */
  readonly preload?: string | undefined;
  readonly startTimeoutMs: number;
  readonly traceTimeoutMs: number;
}

/** A service with its receiver and its journal. */
export interface Running {
  readonly service: Service;
  readonly receiver: Receiver;
  readonly journal: string;
}
