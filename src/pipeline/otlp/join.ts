import { errorText } from '../../kernel/error-text.ts';
import { warnOnce } from '../../selfmetrics/warnings.ts';
import { loadSettings } from '../../settings/load.ts';
import { isStackOff } from '../../settings/switch.ts';
import type { Settings } from '../../settings/table.ts';
import type { BackendSlot } from '../../spans/wrap.ts';
import { shared } from '../global.ts';
import type { Session } from '../session-types.ts';
import { sayProblems } from '../settings-problems.ts';
import { OtlpCustody } from './custody.ts';
import { resolveEndpoints, type OtlpEndpoint } from './endpoints.ts';
import { watchOrphanedFolders } from './orphaned-folders.ts';
import { startOtlpSession } from './session.ts';

/** Different sets of receivers in one process beyond this are refused: each receiver has a thread. */
export const MAX_CUSTODIES = 8;

/**
 * Custody for receivers that the application names in code; asked for the same ones again, it is the same. The first
 * one switches stack `otlp` on where nothing is on; a session that runs takes it along. Never throws.
 *
 * @returns undefined when everything is switched off by name, or cannot be started: both said once
 */
export function joinOtlp(endpoints: readonly OtlpEndpoint[]): OtlpCustody | undefined {
  if (isStackOff()) {
    warnOnce('KS-OTLP-001');
    return undefined;
  }
  const state = shared();
  try {
    const loaded = loadSettings({ options: { stack: 'otlp' } });
    const custody = otlpCustody(endpoints, loaded.settings);
    const isNew = !custody.byApplication;
    custody.byApplication = true;
    if (state.session === undefined) {
      const problems = sayProblems(loaded);
      const sayRest = () => problems.sayRest();
      const { settings } = loaded;
      state.session = startOtlpSession({ settings, custody, slot: state.slot, sayRest, provisional: true });
      state.started = true;
      state.idle?.handOver(state.session.lifecycle);
    } else if (isNew) state.session.join(custody);
    return custody;
  } catch (error) {
    warnOnce('KS-OTLP-006', { error: errorText(error) });
    return undefined;
  }
}

/** Stack `otlp` for a preload or `initObservability`: the receiver that the environment names. @throws TypeError */
export function startOtlp(settings: Settings, slot: BackendSlot, sayRest: () => void): Session {
  const custody = otlpCustody([{}], settings);
  return startOtlpSession({ settings, custody, slot, sayRest, provisional: false });
}

/**
 * Custody for receivers, without a session: for whoever takes a foreign exporter's spans over (`custody.take(spans)`)
 * and gives it to the session that runs (`session.join(custody)`). Asked for the same receivers again, it is the same.
 *
 * @throws TypeError for an address that is none; RangeError past `MAX_CUSTODIES`
 */
export function otlpCustody(endpoints: readonly OtlpEndpoint[], settings: Settings): OtlpCustody {
  const targets = resolveEndpoints(endpoints, settings);
  const state = shared();
  const known = (state.otlp ??= new Map());
  const key = JSON.stringify(targets);
  const before = known.get(key);
  if (before !== undefined) return before;
  if (known.size >= MAX_CUSTODIES) throw new RangeError(`more than ${MAX_CUSTODIES} sets of OTLP endpoints`);
  const { journalDir } = settings;
  const callOff =
    journalDir === undefined ? undefined : watchOrphanedFolders(journalDir, () => known.values());
  const custody = new OtlpCustody(targets, settings, () => {
    callOff?.();
    known.delete(key);
  });
  known.set(key, custody);
  return custody;
}
