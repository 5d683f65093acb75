import type { ComponentChildren, JSX } from 'preact';
import type { ApiError } from '../data/client.ts';
import { lastGoodMs as seenMs, now } from '../data/live.ts';
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
      <span class="visually-hidden">Loading {what}…</span>
      {[78, 64, 86, 52, 70].map((width) => (
        <span key={width} class="bone" style={{ width: `${width}%` }} />
      ))}
    </div>
  );
}

/** What failed: the cause, when it was last well, the code to look up. Old data stays beside it. */
export function Problem({
  error,
  lastGoodMs,
  retry,
}: {
  readonly error: ApiError;
  readonly lastGoodMs?: number | undefined;
  readonly retry?: (() => void) | undefined;
}): JSX.Element {
  const goodMs = lastGoodMs ?? seenMs.value;
  return (
    <div class="problem" role="alert">
      <Icon name="error" />
      <div>
        <p class="problem-cause">
          {error.message.charAt(0).toUpperCase() + error.message.slice(1)}
          <code>{error.code}</code>
        </p>
        <p class="soft">
          {goodMs === undefined
            ? 'It has not answered since this page was opened.'
            : `Last good answer at ${clockTime(goodMs)} (${ago(goodMs, now.value)}).`}
        </p>
      </div>
      {retry !== undefined && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}
