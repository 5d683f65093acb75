import type { JSX } from 'preact';
import { health, ledger, losses, missed, paused, rates, settings, tick, unreachable } from '../data/live.ts';
import { setParam } from '../data/location.ts';
import { bytes, compact, count } from '../lib/format.ts';
import { Spark } from '../charts/spark.tsx';
import { Icon } from '../ui/icon.tsx';
import { Jump } from './jump.tsx';

const PER_S = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

function Rate(): JSX.Element {
  const samples = rates.value;
  const latest = samples.at(-1);
  return (
    <div class="stat">
      <span class="stat-name">Ingest</span>
      <span class="stat-value">
        {latest === undefined ? '–' : `${latest < 1000 ? PER_S.format(latest) : compact(latest)}/s`}
      </span>
      <Spark values={samples} />
    </div>
  );
}

function Balance(): JSX.Element {
  const lost = losses.value;
  const known = lost !== undefined;
  const bad = known && lost.rejected + lost.gap + lost.notForwarded > 0;
  const text = !known
    ? '–'
    : lost.gap > 0
      ? `${count(lost.gap)} unaccounted`
      : lost.rejected > 0
        ? `${count(lost.rejected)} rejected`
        : lost.notForwarded > 0
          ? `${count(lost.notForwarded)} not forwarded`
          : 'Balanced';
  return (
    <a class="stat" href="/ledger" title="received = stored + evicted + rejected + duplicates">
      <span class="stat-name">Ledger</span>
      <span class={`stat-value status ${bad ? 'bad' : known ? 'good' : ''}`}>
        {known && <Icon name={bad ? 'error' : 'ok'} />}
        <span>{text}</span>
      </span>
    </a>
  );
}

function Store(): JSX.Element {
  const state = health.value;
  const share =
    state === undefined || state.maxStoredBytes === 0 ? 0 : state.storedBytes / state.maxStoredBytes;
  const evicted =
    ledger.value === undefined ? 0 : Object.values(ledger.value).reduce((n, kind) => n + kind.evicted, 0);
  return (
    <div
      class="stat"
      title={`${count(evicted)} evicted so far${settings.value?.masked === true ? '; content is masked' : ''}`}
    >
      <span class="stat-name">Store</span>
      <span class="stat-value">
        {state === undefined ? '–' : bytes(state.storedBytes)}
        {state !== undefined && <span class="soft"> of {bytes(state.maxStoredBytes)}</span>}
      </span>
      <span class="meter" aria-hidden="true">
        <span style={{ width: `${Math.min(100, Math.max(share * 100, share > 0 ? 2 : 0))}%` }} />
      </span>
    </div>
  );
}

/** What every page shows: what comes in, whether all of it is accounted for, how full the store is, and the pause. */
export function Strip(): JSX.Element {
  const isPaused = paused.value;
  const toggle = (): void => {
    setParam('live', isPaused ? '' : '0');
    missed.value = 0;
    if (isPaused) tick.value += 1;
  };
  return (
    <header class="strip">
      <Jump />
      <span class="spacer" />
      <Rate />
      <Balance />
      <Store />
      <button
        type="button"
        class={`button live ${unreachable.value === undefined ? '' : 'down'}`}
        aria-pressed={isPaused}
        onClick={toggle}
      >
        <Icon name={isPaused ? 'play' : 'pause'} />
        {isPaused ? (missed.value > 0 ? `Paused · ${compact(missed.value)} new` : 'Paused') : 'Pause'}
      </button>
    </header>
  );
}
