import { signal } from '@preact/signals';

/** Path and query of the page, as signals: what reads them is drawn again when they change. */
export const path = signal(location.pathname);
export const search = signal(location.search);

function read(): void {
  path.value = location.pathname;
  search.value = location.search;
}

/** Goes to an address of this site; `replace` leaves no entry in the history. */
export function navigate(href: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (href === location.pathname + location.search) return;
  const samePath = new URL(href, location.href).pathname === location.pathname;
  history[replace ? 'replaceState' : 'pushState'](null, '', href);
  read();
  if (!samePath) document.querySelector('main')?.scrollTo(0, 0);
}

/** One parameter of the query; '' removes it. */
export function setParam(name: string, value: string, replace = true): void {
  const params = new URLSearchParams(location.search);
  if (value === '') params.delete(name);
  else params.set(name, value);
  const query = params.toString();
  navigate(`${location.pathname}${query === '' ? '' : `?${query}`}`, { replace });
}

export const param = (name: string): string => new URLSearchParams(search.value).get(name) ?? '';

/** Plain clicks on links to our own pages stay in the page. Returns the uninstaller. */
export function installNavigation(): () => void {
  const onClick = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    const href = link?.getAttribute('href');
    if (href == null || !href.startsWith('/') || href.startsWith('/api/')) return;
    event.preventDefault();
    navigate(href);
  };
  addEventListener('popstate', read);
  document.addEventListener('click', onClick);
  return () => {
    removeEventListener('popstate', read);
    document.removeEventListener('click', onClick);
  };
}
