import type { ComponentChildren, JSX } from 'preact';
import type { ApiError } from '../data/client.ts';
import { lastGoodMs as seenMs, now, unreachable } from '../data/live.ts';
import { ago, clockTime } from '../lib/format.ts';
import { Icon, type IconName } from './icon.tsx';

/** A place where something would be: what it would be, why it is not, and what to do. */
export function Empty({
  icon,
  title,
  children,
}: {
  readonly icon: IconName;
  readonly title: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="empty">
      <span class="empty-mark">
        <Icon name={icon} />
      </span>
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Rows that are still to come. */
export function Loading({ what }: { readonly what: string }): JSX.Element {
  return (
    <div class="loading" role="status">
      <p class="loading-said soft">Loading {what}…</p>
      {[78, 64, 86, 52, 70].map((width) => (
        <span key={width} class="bone" style={{ width: `${width}%` }} />
      ))}
    </div>
  );
}

/** That the workbench as a whole does not answer; above every page. */
export function Unreachable(): JSX.Element | null {
  const error = unreachable.value;
  if (error === undefined) return null;
  return <Banner error={error} lastGoodMs={seenMs.value} note="It is asked again every two seconds." />;
}

/** What failed: the cause, when it was last well, the code to look up. Old data stays beside it. */
export function Problem(props: {
  readonly error: ApiError;
  /** Of what failed. Undefined: never; absent: that says nothing here. */
  readonly lastGoodMs?: number | undefined;
  readonly retry?: (() => void) | undefined;
}): JSX.Element | null {
  const { error } = props;
  // Said above the page already.
  if (unreachable.value?.code === error.code && unreachable.value.message === error.message) return null;
  return <Banner {...props} />;
}

function Banner(props: {
  readonly error: ApiError;
  readonly lastGoodMs?: number | undefined;
  readonly retry?: (() => void) | undefined;
  readonly note?: string;
}): JSX.Element {
  const { error, lastGoodMs, retry, note } = props;
  return (
    <div class="problem" role="alert">
      <Icon name="error" />
      <div>
        <p class="problem-cause">
          {error.message.charAt(0).toUpperCase() + error.message.slice(1)}
          <code>{error.code}</code>
        </p>
        {'lastGoodMs' in props && (
          <p class="soft">
            {lastGoodMs === undefined
              ? 'It has not answered since this page was opened.'
              : `Last good answer at ${clockTime(lastGoodMs)} (${ago(lastGoodMs, now.value)}).`}{' '}
            {note}
          </p>
        )}
      </div>
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
