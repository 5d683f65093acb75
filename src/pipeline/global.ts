import type { BackendSlot } from '../spans/wrap.ts';
import type { OtlpCustody } from './otlp/custody.ts';
import type { IdleLifecycle } from './idle-lifecycle.ts';
import type { Session } from './session-types.ts';

/** What all copies of this package in one thread share: the preload's and the application's are often two. */
export interface Shared {
  readonly slot: BackendSlot;
  session: Session | undefined;
  /** Somebody asked, whatever came of it. While nothing was switched on, asking again with options may still do it. */
  started: boolean;
  /** Start-up failed as a whole: it is not tried again. */
  failed: boolean;
  /** What was registered to be closed before anything was switched on; a session takes it over. */
  idle: IdleLifecycle | undefined;
  /** Custody of OpenTelemetry spans, by its receivers; absent in copies of the package before 0.2. */
  otlp?: Map<string, OtlpCustody> | undefined;
}

const KEY = Symbol.for('keepspan.shared.1');

/** The shared state of this thread, made on first use. */
export function shared(): Shared {
  const holder = globalThis as { [KEY]?: Shared };
  holder[KEY] ??= {
    slot: { current: undefined },
    session: undefined,
    started: false,
    failed: false,
    idle: undefined,
  };
  return holder[KEY];
}
