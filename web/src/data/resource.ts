import { useEffect, useRef, useState } from 'preact/hooks';
import { type ApiError, asApiError, getJson } from './client.ts';
import { tick } from './live.ts';

/** What is known of an answer: an error leaves the last good one in its place. */
export interface Resource<T> {
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  /** The first answer is still to come. */
  readonly loading: boolean;
  /** The data answers another address: the one before, kept until this one's answer comes. */
  readonly stale: boolean;
  /** Wall-clock ms of the last good answer. */
  readonly lastGoodMs: number | undefined;
  readonly refresh: () => void;
}

interface State<T> {
  readonly key: string;
  /** The address that the data came from. */
  readonly of: string;
  readonly data: T | undefined;
  readonly error: ApiError | undefined;
  readonly lastGoodMs: number | undefined;
}

/**
 * The answer of an address; asked again when the address changes and, with `live`, when something arrived, or also every
 * `pollMs` where it changes without that. Changes of the
 * address keep the answer before until the new one is there when `keep` says so.
 */
export function useResource<T>(
  href: string | undefined,
  {
    live = false,
    keep = false,
    pollMs,
  }: { readonly live?: boolean; readonly keep?: boolean; readonly pollMs?: number } = {},
): Resource<T> {
  const [state, setState] = useState<State<T>>({
    key: '',
    of: '',
    data: undefined,
    error: undefined,
    lastGoodMs: undefined,
  });
  const [asked, setAsked] = useState(0);
  const running = useRef<{ readonly href: string; readonly controller: AbortController } | undefined>(
    undefined,
  );
  const turn = live ? tick.value : 0;

  useEffect(() => {
    if (href === undefined || running.current?.href === href) return;
    const controller = new AbortController();
    const mine = { href, controller };
    running.current = mine;
    getJson<T>(href, controller.signal)
      .then((data) => setState({ key: href, of: href, data, error: undefined, lastGoodMs: Date.now() }))
      .catch((error: unknown) => {
        if (controller.signal.aborted) return;
        const said = asApiError(error);
        setState((before) =>
          before.key === href || keep
            ? { ...before, key: href, error: said }
            : { ...before, key: href, data: undefined, error: said },
        );
      })
      .finally(() => {
        if (running.current === mine) running.current = undefined;
      });
  }, [href, asked, turn]);

  useEffect(() => {
    if (pollMs === undefined || !live) return;
    const timer = setInterval(() => {
      if (!document.hidden) setAsked((n) => n + 1);
    }, pollMs);
    return () => clearInterval(timer);
  }, [pollMs, live]);

  // A slow answer to the same question is waited for; to another question it is given up.
  useEffect(
    () => () => {
      running.current?.controller.abort();
      running.current = undefined;
    },
    [href],
  );

  const mine = state.key === href;
  return {
    data: mine || keep ? state.data : undefined,
    error: mine ? state.error : undefined,
    loading: href !== undefined && !mine && !(keep && state.data !== undefined),
    stale: keep && state.data !== undefined && state.of !== href,
    lastGoodMs: state.lastGoodMs,
    refresh: () => setAsked((n) => n + 1),
  };
}
