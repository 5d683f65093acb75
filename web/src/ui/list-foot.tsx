import type { JSX } from 'preact';
import type { More } from '../data/more.ts';
import { Problem } from './states.tsx';

/** Below a list: how much of it is shown, and the way to the rest. */
export function ListFoot({
  more,
  said,
}: {
  readonly more: More<unknown>;
  readonly said: string;
}): JSX.Element {
  const { nextCursor, loading, error, load } = more;
  return (
    <>
      {error !== undefined && <Problem error={error} retry={load} />}
      <footer class="list-foot soft">
        <span>
          {said}
          {nextCursor !== null && ', there are more'}
        </span>
        {nextCursor !== null && (
          <button type="button" class="button" disabled={loading} onClick={load}>
            {loading ? 'Loading…' : 'Load more'}
          </button>
        )}
      </footer>
    </>
  );
}
