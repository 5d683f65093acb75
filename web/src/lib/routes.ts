/** The pages there are, with what their address says. */
export type Page =
  | { readonly name: 'traces' }
  | { readonly name: 'trace'; readonly traceId: string }
  | { readonly name: 'evals' }
  | { readonly name: 'eval'; readonly label: string }
  | { readonly name: 'ledger' }
  | { readonly name: 'alerts' }
  | { readonly name: 'checklist' }
  | { readonly name: 'unknown' };

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** The page of a path. The trace of `/traces/:id` may be in any notation; the page resolves it. */
export function pageOf(path: string): Page {
  const [first = '', second = '', ...rest] = path.split('/').slice(1);
  if (rest.length > 0) return { name: 'unknown' };
  if (first === 'traces')
    return second === '' ? { name: 'traces' } : { name: 'trace', traceId: decoded(second) };
  if (first === 'evals') return second === '' ? { name: 'evals' } : { name: 'eval', label: decoded(second) };
  if (second !== '') return { name: 'unknown' };
  if (first === 'ledger' || first === 'alerts' || first === 'checklist') return { name: first };
  return { name: 'unknown' };
}

/** The address of a trace, at a span and a tab where they are given. */
export function tracePath(traceId: string, spanId = '', tab = ''): string {
  const params = new URLSearchParams();
  if (spanId !== '') params.set('span', spanId);
  if (tab !== '') params.set('tab', tab);
  const query = params.toString();
  return `/traces/${encodeURIComponent(traceId)}${query === '' ? '' : `?${query}`}`;
}

export const evalPath = (label: string): string => `/evals/${encodeURIComponent(label)}`;
