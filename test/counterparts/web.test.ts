import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ConsoleMessage, Page } from 'playwright-core';
import { type Browser, startChromium } from '../../scripts/counterparts/chromium.ts';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { startWorkbench, type Workbench } from '../../src/workbench/workbench.ts';
import { startJudge } from '../evaluation/judge.ts';
import { withJournal } from '../otlp/support.ts';
import { startSite } from '../web/support/site.ts';
import { type SentTrace, sendLargeTrace, sendTraffic } from '../web/support/traffic.ts';

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');
const WAIT_MS = 30_000;
const LARGE = 45_000;

let browser: Browser;
let site: Workbench;
let sent: readonly SentTrace[];
let large: string;
let failed: string;

before(async () => {
  [browser, site] = await Promise.all([startChromium(), startSite()]);
  sent = await sendTraffic(site.datadogUrl, 64);
  failed = sent[51]!.traceId;
  large = await sendLargeTrace(site.datadogUrl, LARGE);
});
after(async () => {
  await browser?.stop();
  await site?.close();
});

const hex = (decimal: string): string => BigInt(decimal).toString(16).padStart(16, '0');

/** A page that collects what a browser complains of: errors of scripts, of the console, and of the content policy. */
async function open(path: string, url = site.datadogUrl): Promise<{ page: Page; complaints: string[] }> {
  const page = await browser.context.newPage();
  const complaints: string[] = [];
  page.setDefaultTimeout(WAIT_MS);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message: ConsoleMessage) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asked elsewhere: ${request.url()}`);
  });
  await page.goto(url + path);
  return { page, complaints };
}

/** Violations as axe names them. It is put in by the debugger, not by the page: the policy stays as it is. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }>;
      };
    };
    const found = await axe.run();
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.slice(0, 3).map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
    );
  });
}

/** Every page, and what shows that it is complete. */
const pages = (): readonly (readonly [path: string, shows: string])[] => [
  ['/', 'role=row[name=/POST .extract/]'],
  ['/traces?q=service:extraction+-status:error&sort=duration&cols=time,status', 'text=not'],
  [`/traces?peek=${sent[3]!.traceId}`, '.peek .mini li'],
  [`/traces/${sent[3]!.traceId}`, '.attributes'],
  [`/traces/${sent[5]!.traceId}?span=${hex(sent[5]!.llmSpanId)}&tab=content`, '.message'],
  [`/traces/${failed}?span=${hex(sent[51]!.llmSpanId)}&tab=logs&find=busy`, '.wf-row.hit'],
  [
    `/traces/${sent[3]!.traceId}?span=${hex(String(BigInt(sent[3]!.llmSpanId) - 4n))}&tab=evaluations`,
    '.eval-card',
  ],
  [`/traces/${large}`, '.wf-row'],
  ['/evals', 'text=context_recall'],
  ['/evals/context_recall?decision=judge', '.eval-rows tbody tr'],
  ['/evals/answered', 'text=Distribution'],
  ['/ledger', '.flow'],
  ['/alerts', 'tr.firing'],
  ['/checklist', '.check.is-unknown'],
  ['/traces?q=nothinglikethis', 'text=No results'],
];

/** What is wider than the window: the page itself, or its main part. In text: the DOM's types are not known here. */
const overflow = (page: Page): Promise<string[]> =>
  page.evaluate<string[]>(`[document.documentElement, document.querySelector('main')]
    .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth + 1)
    .map(({ tagName, scrollWidth, clientWidth }) => tagName + ': ' + scrollWidth + ' in ' + clientWidth)`);

describe('the page in a browser', () => {
  it(
    'fits a phone, a laptop and a wide screen: nothing sticks out, and axe finds nothing on the phone',
    { timeout: 150_000 },
    async () => {
      const found: string[] = [];
      const { page } = await open('/ledger');
      for (const [width, height] of [
        [1920, 1080],
        [1280, 800],
        [400, 860],
      ] as const) {
        await page.setViewportSize({ width, height });
        for (const [path, shows] of pages()) {
          await page.goto(site.datadogUrl + path);
          await page.locator(shows).first().waitFor({ state: 'attached' });
          const bad = [...(await overflow(page)), ...(width === 400 ? await violations(page) : [])];
          found.push(...bad.map((text) => `${width} ${path}: ${text}`));
        }
      }
      await page.close();
      assert.deepEqual(found, []);
    },
  );

  for (const scheme of ['light', 'dark'] as const) {
    it(
      `every page opens without a complaint, and axe finds nothing: ${scheme}`,
      { timeout: 150_000 },
      async () => {
        const found: string[] = [];
        const { page, complaints } = await open('/checklist');
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
        for (const [path, shows] of pages()) {
          await page.goto(site.datadogUrl + path);
          await page.locator(shows).first().waitFor();
          found.push(
            ...[...complaints.splice(0), ...(await violations(page))].map((text) => `${path}: ${text}`),
          );
        }
        await page.close();
        assert.deepEqual(found, []);
      },
    );
  }

  it('the address is the state: filters, exclusion, peek and back', async () => {
    const { page, complaints } = await open('/');
    await page.waitForURL('**/traces');
    await page.locator('button.value', { hasText: 'batch' }).first().click();
    await page.waitForURL('**/traces?q=service%3Abatch');
    await page.locator('.trace-table tbody tr').nth(1).waitFor({ state: 'detached' });
    await page.locator('.chip button').first().click();
    await page.waitForURL('**/traces?q=-service%3Abatch');
    await page.locator('.trace-table tbody tr').nth(60).waitFor();
    await page.keyboard.press('Tab');
    await page.locator('h1').click();
    await page.keyboard.press('j');
    await page.locator('.peek').waitFor();
    const first = new URL(page.url()).searchParams.get('peek');
    await page.keyboard.press('j');
    await page.waitForURL((url) => ![null, first].includes(url.searchParams.get('peek')));
    await page.keyboard.press('k');
    await page.waitForURL((url) => url.searchParams.get('peek') === first);
    await page.keyboard.press('Escape');
    await page.locator('.peek').waitFor({ state: 'detached' });
    await page.goBack();
    await page.locator('.peek').waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('a bad search shows where it is bad', async () => {
    const { page } = await open('/traces?q=duration:%3Exx');
    await page.locator('.search-problem').waitFor();
    assert.match(await page.locator('.search-problem').innerText(), /duration/);
    assert.equal(await page.locator('.search input').getAttribute('aria-invalid'), 'true');
    await page.close();
  });

  it('a pasted id leads to its trace, in any notation', async () => {
    const { page } = await open('/ledger');
    const { traceId, llmSpanId } = sent[9]!;
    for (const text of [
      traceId,
      `{"trace_id":"${traceId}"}`,
      `00-${traceId}-${hex(llmSpanId)}-01`,
      llmSpanId,
      hex(llmSpanId),
    ]) {
      await page.goto(`${site.datadogUrl}/ledger`);
      await page.locator('.jump input').fill(text);
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.pathname === `/traces/${traceId}`);
      await page.locator('.wf-row').first().waitFor();
    }
    await page.goto(`${site.datadogUrl}/ledger`);
    await page.locator('.jump input').fill('123456');
    await page.keyboard.press('Enter');
    await page.locator('.jump-problem', { hasText: 'stored' }).waitFor();
    await page.close();
  });

  it('the keyboard goes through a waterfall of 45,000 spans, of which a screenful is drawn', async () => {
    const { page, complaints } = await open(`/traces/${large}`);
    const grid = page.locator('[role=treegrid]');
    const rows = (n: number): Promise<void> =>
      page.locator(`[role=treegrid][aria-rowcount="${n}"]`).waitFor();
    await rows(LARGE);
    const drawn = await page.locator('.wf-row').count();
    assert.ok(drawn < 80, `${drawn} rows drawn`);
    const active = page.locator('[role=row][tabindex="0"]');
    assert.equal(await active.count(), 1, 'one row is in the order of tabs');
    const index = async (): Promise<number> => Number(await active.getAttribute('aria-rowindex'));
    const press = async (key: string, expected: number): Promise<void> => {
      await page.keyboard.press(key);
      await page.locator(`[role=row]:focus[aria-rowindex="${expected}"]`).waitFor();
    };
    await active.focus();
    await press('ArrowDown', 2);
    await press('ArrowDown', 3);
    await press('ArrowUp', 2);
    await press('End', LARGE);
    await press('Home', 1);
    await page.keyboard.press('PageDown');
    await page.locator('[role=row]:focus:not([aria-rowindex="1"])').waitFor();
    const screen = await index();
    assert.ok(screen > 10 && screen < 60, `a screen further: row ${screen}`);
    await press('Home', 1);
    await page.keyboard.press('ArrowLeft');
    await rows(1);
    assert.equal(await active.getAttribute('aria-expanded'), 'false');
    await page.keyboard.press('ArrowRight');
    await rows(LARGE);
    assert.match((await active.getAttribute('aria-label')) ?? '', /batch\.run, .*, ok/);
    await page.keyboard.press('Enter');
    await page.locator('[role=tab]:focus').waitFor();
    await grid.evaluate((element) => (element.scrollTop = 600_000));
    await page.locator('.wf-row[aria-rowindex="21440"]').waitFor();
    assert.equal(await active.count(), 1, 'the active row stays reachable, out of view');
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('finds in payloads, steps through matches and shows logs in the timeline', async () => {
    const { page, complaints } = await open(`/traces/${failed}`);
    await page.locator('.log-dot').first().waitFor();
    assert.equal(await page.locator('.log-dot').count(), 4);
    await page.locator('.find input').fill('RateLimitError');
    await page.locator('.find-said', { hasText: '1 match' }).waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.searchParams.get('span') === hex(sent[51]!.llmSpanId));
    assert.match(await page.locator('.wf-row.on').innerText(), /chat/);
    await page.locator('.failure', { hasText: 'RateLimitError: 429' }).waitFor();
    await page.locator('.sidebar .firing-count', { hasText: '1 firing' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('content as text, Markdown and JSON; pictures are cut, and nothing of it is markup', async () => {
    const { traceId, llmSpanId } = sent[5]!;
    const { page, complaints } = await open(`/traces/${traceId}?span=${hex(llmSpanId)}`);
    await page.locator('.message').first().waitFor();
    assert.match(await page.locator('.panel').innerText(), /\[base64, about [\d,]+ bytes\]/);
    assert.match(await page.locator('.detail-head').innerText(), /unpriced/);
    await page.getByRole('button', { name: 'Markdown' }).click();
    await page.locator('.markdown strong', { hasText: 'MIT' }).waitFor();
    assert.equal(await page.locator('.panel img, .panel script, .panel a[href^="javascript"]').count(), 0);
    await page.getByRole('button', { name: 'JSON' }).click();
    await page.locator('pre.mono').first().waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('shows what arrives, and stands still when paused', async () => {
    const { page, complaints } = await open('/traces');
    const rows = page.locator('.trace-table tbody tr');
    await rows.nth(64).waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.waitForURL('**/traces?live=0');
    const before = await page.locator('.trace-table .name').first().innerText();
    await sendLargeTrace(site.datadogUrl, 10);
    await fetch(`${site.otlpUrl}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        resourceSpans: [
          {
            scopeSpans: [
              {
                spans: [
                  {
                    traceId: 'abc'.padEnd(32, '1'),
                    spanId: 'd'.repeat(16),
                    name: 'later',
                    startTimeUnixNano: `${Date.now()}000000`,
                    endTimeUnixNano: `${Date.now() + 5}000000`,
                  },
                ],
              },
            ],
          },
        ],
      }),
    });
    await page.locator('.live', { hasText: 'new' }).waitFor();
    assert.equal(await page.locator('.trace-table .name').first().innerText(), before);
    await page.locator('.live').click();
    await page.locator('.trace-table .name', { hasText: 'later' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('an evaluation of a real judge leads to the trace of its call', async (t) => {
    const bench = await startSite({ rows: false });
    t.after(() => bench.close());
    const judge = await startJudge(t);
    const program = fileURLToPath(new URL('../evaluation/fixtures/judged.mjs', import.meta.url));
    const register = new URL('../../src/register.ts', import.meta.url).href;
    const { PATH, HOME } = process.env;
    await withJournal(async (journal) => {
      const env = {
        ...{ PATH, HOME, DD_SERVICE: 'judged', DD_LLMOBS_ENABLED: '1', KEEPSPAN_JOURNAL_DIR: journal },
        ...{ DD_TRACE_AGENT_URL: bench.datadogUrl, KEEPSPAN_RECALL_AUDIT_RATE: '0' },
      };
      await promisify(execFile)(process.execPath, ['--import', register, program, judge], {
        env,
        timeout: WAIT_MS,
      });
    });
    const { page, complaints } = await open('/evals/by_config', bench.datadogUrl);
    await page.getByRole('link', { name: 'Judge’s trace' }).click();
    await page.locator('.trace-title h1', { hasText: 'judge.context_recall' }).waitFor();
    // And from the judged span, where the evaluation stands with its reason.
    await page.goto(`${bench.datadogUrl}/evals/by_config`);
    await page.locator('.eval-rows tbody td:last-child a').click();
    await page.locator('.wf-row.on .judged').waitFor();
    await page.locator('.eval-card a', { hasText: 'Judge’s trace' }).click();
    await page.locator('.trace-title h1', { hasText: 'judge.context_recall' }).waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('says what failed once: a page of a list, one part of the API, all of it; and goes on by itself', async () => {
    const { page } = await open('/traces?q=service:extraction');
    const fail = (glob: string): Promise<unknown> =>
      page.route(glob, (route) => route.fulfill({ status: 503, json: { error: 'the disk is full' } }));
    await page.route('**/api/traces?**', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as { nextCursor: string | null };
      const isNext = new URL(route.request().url()).searchParams.has('cursor');
      await (isNext
        ? route.fulfill({ status: 500, json: { error: 'the disk is full' } })
        : route.fulfill({ json: { ...body, nextCursor: 'more' } }));
    });
    await page.reload();
    await page.getByRole('button', { name: 'Load more' }).click();
    await page.locator('.problem', { hasText: 'The disk is full' }).waitFor();
    assert.match(await page.locator('.problem').innerText(), /KS-UI-003/);

    await page.unrouteAll();
    await fail('**/api/evaluations/**');
    await page.goto(`${site.datadogUrl}/evals`);
    const problem = page.locator('.problem');
    await problem.waitFor();
    assert.match(await problem.innerText(), /has not answered since this page was opened/);
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.locator('td.name', { hasText: 'context_recall' }).first().waitFor();
    await problem.waitFor({ state: 'detached' });

    await fail('**/api/**');
    await page.goto(`${site.datadogUrl}/checklist`);
    await problem.waitFor();
    await page.locator('.loading').waitFor({ state: 'detached' });
    assert.equal(await problem.count(), 1, 'said once');
    assert.match(await problem.innerText(), /asked again every two seconds/);
    await page.unrouteAll();
    await problem.waitFor({ state: 'detached' });
    await page.locator('.check').first().waitFor();
    await page.close();
  });

  it('figures that are made of a part are called that, and a slow answer is waited for in words', async () => {
    const { page } = await open('/ledger');
    await page.route('**/api/evaluations/summary', async (route) => {
      const answer = await route.fetch();
      const body = (await answer.json()) as object;
      await route.fulfill({ json: { ...body, scan: { scanned: 1234, complete: false } } });
    });
    await page.goto(`${site.datadogUrl}/evals`);
    await page.locator('.notice', { hasText: 'of the newest 1,234 evaluations' }).waitFor();
    await page.unrouteAll();
    await page.getByRole('button', { name: 'Count again' }).click();
    await page.locator('.notice').waitFor({ state: 'detached' });
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    await page.route('**/api/alerts', async (route) => {
      await released;
      await route.continue();
    });
    await page.goto(`${site.datadogUrl}/alerts`);
    await page.locator('.loading-said', { hasText: 'Loading alerts' }).waitFor();
    release();
    await page.locator('tr.firing').waitFor();
    await page.unrouteAll({ behavior: 'wait' });
    await page.close();
  });

  it('says so when the workbench is gone, with the cause, the time and the code', async (t) => {
    const gone = await startSite();
    t.after(() => gone.close());
    const { page } = await open('/ledger', gone.datadogUrl);
    await page.locator('.flow').first().waitFor();
    await gone.close();
    const problem = page.locator('.problem').first();
    await problem.waitFor();
    assert.match(await problem.innerText(), /KS-UI-001[^]*Last good answer at \d\d:\d\d:\d\d/);
    await page.close();
  });

  it('shows what the real tracer sends, and a refused signal in red with its reason', async (t) => {
    const bench = await startSite({ rows: false });
    t.after(() => bench.close());
    const program = fileURLToPath(new URL('../workbench/fixtures/traced-app.ts', import.meta.url));
    const env = {
      ...process.env,
      DD_TRACE_AGENT_URL: bench.datadogUrl,
      DD_LLMOBS_ENABLED: '1',
      DD_TRACE_ENABLED: 'true',
      DD_ENV: '',
      NODE_OPTIONS: '',
    };
    await promisify(execFile)(process.execPath, [program], { env, timeout: WAIT_MS });
    const { page, complaints } = await open('/traces', bench.datadogUrl);
    await page.locator('.trace-table tbody tr').nth(4).waitFor();
    await page.locator('.trace-table .name a').first().click();
    await page.locator('.wf-row', { hasText: 'chat' }).click();
    await page.locator('.message', { hasText: 'assistant' }).waitFor();
    await page.locator('#tab-evaluations', { hasText: '2' }).click();
    await page.locator('.eval-card', { hasText: 'kind' }).waitFor();
    await fetch(`${bench.datadogUrl}/api/v2/llmobs`, {
      method: 'POST',
      body: '{"spans":[{"name":"broken"}]}',
    });
    await page.locator('.strip .status.bad', { hasText: '1 rejected' }).click();
    await page.locator('td.bad', { hasText: 'trace_id' }).waitFor();
    await page.locator('.flow-parts .bad', { hasText: '1 rejected' }).waitFor();
    assert.deepEqual([...complaints, ...(await violations(page))], []);
    await page.close();
  });

  it('no data, no results and evicted are three things', async (t) => {
    const empty = await startSite({ rows: false });
    t.after(() => empty.close());
    const { page } = await open('/traces', empty.datadogUrl);
    const says = async (path: string, text: string): Promise<void> => {
      await page.goto(empty.datadogUrl + path);
      await page.locator('.empty h2', { hasText: text }).waitFor();
      assert.deepEqual(await violations(page), [], path);
    };
    await says('/traces', 'Waiting for the first span');
    await says('/traces?q=x', 'No results');
    await says('/evals', 'No evaluation');
    await says('/alerts', 'No alert');
    await says('/checklist', 'Nothing has been checked');
    await says(`/traces/${'f'.repeat(32)}`, 'Not received');
    await page.close();

    const small = await startSite({ maxStoredBytes: 40_000 });
    t.after(() => small.close());
    const [oldest] = await sendTraffic(small.datadogUrl, 1);
    await sendLargeTrace(small.datadogUrl, 200);
    const { page: other } = await open(`/traces/${oldest!.traceId}`, small.datadogUrl);
    await other.locator('.empty h2', { hasText: 'Evicted' }).waitFor();
    await other.close();
  });

  it('every count is received, kept and evicted, and a chart says what of its signals is gone', async (t) => {
    const small = await startWorkbench({ maxStoredBytes: 350_000 });
    t.after(() => small.close());
    const isPartly = (): boolean =>
      (['spans', 'evaluations'] as const).every((kind) => {
        const { stored, evicted } = small.ledger()[kind];
        return stored > 0 && evicted > 0;
      });
    for (let i = 0; i < 100 && !isPartly(); i += 1) await sendTraffic(small.datadogUrl, 16);
    assert.ok(isPartly(), 'some of both kinds are there, some are not any more');
    await fetch(`${small.datadogUrl}/api/v2/llmobs`, {
      method: 'POST',
      body: '{"spans":[{"name":"broken"}]}',
    });
    const { page, complaints } = await open('/traces', small.datadogUrl);
    const charts = page.locator('.chart');
    for (const [path, of] of [
      ['/traces', 'spans'],
      ['/evals', 'evaluations'],
      ['/evals/context_recall', ''],
    ] as const) {
      await page.goto(small.datadogUrl + path);
      if (of !== '')
        await page
          .locator('.counts', {
            hasText: new RegExp(`[\\d,]+ ${of} received.*[\\d,]+ kept.*[1-9][\\d,]* evicted`, 's'),
          })
          .waitFor();
      if (path === '/evals') continue;
      await charts
        .first()
        .locator('.loss', { hasText: /[1-9][\d,]* evicted/ })
        .waitFor();
      const noted = charts.filter({ has: page.locator('.loss') });
      assert.equal(await noted.count(), await charts.count(), path);
    }
    await page.locator('.strip .bad', { hasText: '1 rejected' }).click();
    await page.locator('.flow-parts .warn', { hasText: 'evicted' }).first().waitFor();
    assert.deepEqual(complaints, []);
    await page.close();
  });

  it('accepted but not forwarded is an error on every page', async (t) => {
    const refusing = createServer((request, response) => {
      request.resume().on('end', () => response.writeHead(400).end());
    });
    await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
    t.after(() => void refusing.close());
    const { port } = refusing.address() as AddressInfo;
    const bench = await startWorkbench({ forwardUrl: new URL(`http://127.0.0.1:${port}`) });
    t.after(() => bench.close());
    await sendTraffic(bench.datadogUrl, 2);
    const { page } = await open('/traces', bench.datadogUrl);
    await page.locator('.problem', { hasText: 'Accepted but not forwarded' }).waitFor();
    await page.locator('.strip .bad', { hasText: 'not forwarded' }).click();
    await page.locator('h2 .status.bad', { hasText: 'accepted but not forwarded' }).waitFor();
    await page.close();
  });

  it('what is in a file is there after a restart', async (t) => {
    const folder = mkdtempSync(join(privateFolder(), 'page-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const databaseFile = join(folder, 'workbench.db');
    const first = await startWorkbench({ databaseFile });
    const [trace] = await sendTraffic(first.datadogUrl, 3);
    await first.close();
    const second = await startWorkbench({ databaseFile });
    t.after(() => second.close());
    const { page } = await open(`/traces/${trace!.traceId}`, second.datadogUrl);
    await page.locator('.wf-row').first().waitFor();
    await page.goto(`${second.datadogUrl}/ledger`);
    await page.locator('.chart figcaption', { hasText: databaseFile }).waitFor();
    await page.goto(`${site.datadogUrl}/ledger`);
    await page.locator('.chart figcaption', { hasText: 'in memory: gone with the workbench' }).waitFor();
    await page.close();
  });

  it('help opens by ?, the theme is kept, toggles say that they are pressed', async () => {
    const { page } = await open('/alerts');
    await page.locator('tr.firing').waitFor();
    await page.keyboard.press('?');
    await page.getByRole('dialog').waitFor();
    assert.deepEqual(await violations(page), []);
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Dark' }).click();
    assert.equal(await page.getByRole('button', { name: 'Dark' }).getAttribute('aria-pressed'), 'true');
    await page.reload();
    await page.locator('html[data-theme=dark]').waitFor({ state: 'attached' });
    await page.getByRole('button', { name: 'As the system' }).click();
    await page.close();
  });
});
