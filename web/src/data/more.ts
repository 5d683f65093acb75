import { useRef, useState } from 'preact/hooks';
import { type ApiError, asApiError, getJson } from './client.ts';

/** A page of a list as the API answers it. */
interface ListPage<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: string | null;
}

interface Loaded<Row> extends ListPage<Row> {
  readonly of: string;
}

/** A list with what was loaded behind its first page. */
export interface More<Row> {
  readonly rows: readonly Row[];
  readonly nextCursor: string | null;
  readonly loading: boolean;
  /** Why the next page did not come. */
  readonly error: ApiError | undefined;
  readonly load: () => void;
}

/**
 * The pages behind a first one that is asked for again as it changes; they are forgotten with the question.
 *
 * @param hrefOf the address of the page at a cursor
 * @param read what of an answer is rows
 */
export function useMore<Row, Answer extends { readonly nextCursor: string | null }>({
  of,
  first,
  hrefOf,
  read,
  keyOf,
}: {
  readonly of: string;
  readonly first: Answer | undefined;
  readonly hrefOf: (cursor: string) => string;
  readonly read: (answer: Answer) => readonly Row[];
  readonly keyOf: (row: Row) => unknown;
}): More<Row> {
  const [loaded, setLoaded] = useState<Loaded<Row>>();
  const [failed, setFailed] = useState<{ readonly of: string; readonly error: ApiError }>();
  const [loading, setLoading] = useState(false);
  const question = useRef(of);
  question.current = of;
  const extra = loaded?.of === of ? loaded : undefined;
  const start = first === undefined ? [] : read(first);
  const known = new Set(start.map(keyOf));
  const rows = [...start, ...(extra?.rows ?? []).filter((row) => !known.has(keyOf(row)))];
  const nextCursor = extra === undefined ? (first?.nextCursor ?? null) : extra.nextCursor;
  const load = (): void => {
    if (nextCursor === null || loading) return;
    setLoading(true);
    setFailed(undefined);
    getJson<Answer>(hrefOf(nextCursor))
      .then((answer) => {
        // Another question was asked meanwhile: these rows answer none any more.
        if (question.current !== of) return;
        setLoaded({ of, rows: [...(extra?.rows ?? []), ...read(answer)], nextCursor: answer.nextCursor });
      })
      .catch((error: unknown) => setFailed({ of, error: asApiError(error) }))
      .finally(() => setLoading(false));
  };
  return { rows, nextCursor, loading, error: failed?.of === of ? failed.error : undefined, load };
}
