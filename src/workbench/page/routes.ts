import { HttpError } from '../http/http-error.ts';
import type { Reply, Route } from '../http/route.ts';
import { type PageFile, readPageFiles } from './files.ts';

/** Paths that the page itself understands: each answers with the same document. Everything else stays a 404. */
const PAGES = [
  '/',
  '/traces',
  '/traces/{traceId}',
  '/evals',
  '/evals/{label}',
  '/ledger',
  '/alerts',
  '/checklist',
] as const;

const FOR_GOOD = 'private, max-age=31536000, immutable';

const reply = ({ contentType, body, immutable }: PageFile): Reply => ({
  status: 200,
  contentType,
  body,
  ...(immutable ? { headers: { 'cache-control': FOR_GOOD } } : {}),
});

const get = (template: string, handle: Route['handle']): Route => ({ template, methods: ['GET'], handle });

/**
 * The page: files of `dist/web` in memory, and its document under every path of a page. Without a build each of those
 * says how to make one; intake and API work all the same.
 */
export function pageRoutes(
  urls: { datadogUrl(): string; otlpUrl(): string },
  files: ReadonlyMap<string, PageFile> = readPageFiles(),
): readonly Route[] {
  const document = files.get('/index.html');
  const page = (): Reply => (document === undefined ? notBuilt(urls) : reply(document));
  const asset = (path: string): Reply => {
    const file = files.get(path);
    if (file === undefined) throw new HttpError(404, `the page has no file ${path}`);
    return reply(file);
  };
  return [
    ...PAGES.map((template) => get(template, page)),
    get('/assets/{file}', ({ path }) => asset(path)),
    get('/icon.svg', ({ path }) => asset(path)),
  ];
}

const notBuilt = (urls: { datadogUrl(): string; otlpUrl(): string }): Reply => ({
  status: 503,
  contentType: 'text/plain; charset=utf-8',
  body:
    `The page of the workbench is not built: npm run build\n` +
    `It listens all the same: Datadog protocol on ${urls.datadogUrl()}, OTLP on ${urls.otlpUrl()}, JSON under /api/.\n`,
});
