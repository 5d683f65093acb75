import type { Route } from '../http/route.ts';
import { PAGE_ICON, pageHtml } from './html.ts';
import { PAGE_SCRIPT } from './script.ts';
import { PAGE_STYLE } from './style.ts';

const asset = (template: string, contentType: string, body: () => string): Route => ({
  template,
  methods: ['GET'],
  handle: () => ({ status: 200, contentType, body: body() }),
});

/** The page and its files: string modules, so that they are found from `src` and from `dist` alike. */
export function pageRoutes(urls: { datadogUrl(): string; otlpUrl(): string }): readonly Route[] {
  return [
    asset('/', 'text/html; charset=utf-8', () => pageHtml(urls.datadogUrl(), urls.otlpUrl())),
    asset('/page.css', 'text/css; charset=utf-8', () => PAGE_STYLE),
    asset('/page.js', 'text/javascript; charset=utf-8', () => PAGE_SCRIPT),
    asset('/icon.svg', 'image/svg+xml', () => PAGE_ICON),
  ];
}
