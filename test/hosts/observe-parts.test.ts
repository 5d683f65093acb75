import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { channel } from 'node:diagnostics_channel';
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { watchTracer } from '../../src/bridges/dd-trace/finished.ts';
import { BottomBlock, reportLines, statusLine } from '../../src/cli/observe-view.ts';
import { startCountingProxy, type CountingProxyOptions } from '../../src/hosts/counting-proxy.ts';
import { ObservePage, readPages } from '../../src/pipeline/observe/page.ts';
import { observeReport, type ReportInput } from '../../src/pipeline/observe/report.ts';
import { MAX_FAILED, SentTally } from '../../src/pipeline/observe/tally.ts';

const evaluations = (n: number, salt = 0) =>
  Buffer.from(
    JSON.stringify({ data: { attributes: { metrics: Array.from({ length: n }, (_, i) => ({ i, salt })) } } }),
  );
const EVALUATIONS = '/evp_proxy/v2/api/intake/llm-obs/v2/eval-metric';

describe('SentTally', () => {
  it('counts by answer', () => {
    const tally = new SentTally();
    tally.sent(EVALUATIONS, evaluations(3)).answered(202);
    tally.sent(EVALUATIONS, evaluations(2)).answered(503);
    tally.sent(EVALUATIONS, evaluations(1));
    tally.sent('/v0.4/traces', Buffer.from([0x91, 0x92, 0x80, 0x80])).answered(200);
    assert.deepEqual(tally.counts('evaluations'), {
      acknowledged: 3,
      refused: { 503: 2 },
      unanswered: {},
      inFlight: 1,
    });
    assert.equal(tally.counts('spans').acknowledged, 2);
    assert.equal(tally.counts('llmSpans').acknowledged, 0);
  });

  it('a repetition of what failed counts once', () => {
    const tally = new SentTally();
    tally.sent(EVALUATIONS, evaluations(4)).failed('ECONNRESET');
    tally.sent(EVALUATIONS, evaluations(4)).failed('ECONNREFUSED');
    assert.deepEqual(tally.counts('evaluations').unanswered, { ECONNREFUSED: 4 });
    tally.sent(EVALUATIONS, evaluations(4)).answered(200);
    assert.deepEqual(tally.counts('evaluations'), {
      acknowledged: 4,
      refused: {},
      unanswered: {},
      inFlight: 0,
    });
  });

  it('remembers a bounded number of failures and loses none of the counts', () => {
    const tally = new SentTally();
    for (let i = 0; i < MAX_FAILED + 2; i += 1) tally.sent(EVALUATIONS, evaluations(1, i)).failed('X');
    assert.deepEqual(tally.counts('evaluations').unanswered, { X: MAX_FAILED + 2 });
    tally.sent(EVALUATIONS, evaluations(1, 0)).answered(200); // Forgotten: not known again.
    assert.deepEqual(tally.counts('evaluations').unanswered, { X: MAX_FAILED + 2 });
    tally.sent(EVALUATIONS, evaluations(1, 2)).answered(200); // The oldest that is remembered.
    assert.deepEqual(tally.counts('evaluations').unanswered, { X: MAX_FAILED + 1 });
  });

  it('what cannot be read is in no count but its own', () => {
    const tally = new SentTally();
    tally.sent(EVALUATIONS, Buffer.from('{')).answered(200);
    tally.sent('/v0.4/traces', undefined).failed('X');
    assert.equal(tally.unreadable, 2);
    assert.deepEqual(tally.counts('spans'), { acknowledged: 0, refused: {}, unanswered: {}, inFlight: 0 });
  });
});

const page = (counts: Readonly<Record<string, number>>, ended = true) => ({
  pid: 1,
  ended,
  counts: {
    'spans.created': 0,
    'spans.discarded': 0,
    'llmSpans.created': 0,
    'llmSpans.overflow': 0,
    'llmSpans.processor': 0,
    'evaluations.created': 0,
    'evaluations.overflow': 0,
    ...counts,
  },
});

function input(parts: Partial<ReportInput>): ReportInput {
  const sent = () => ({ acknowledged: 0, refused: {}, unanswered: {}, inFlight: 0 });
  return { pages: [], sent, ended: true, agentless: false, unreadable: 0, reached: true, ...parts };
}

describe('observeReport', () => {
  it('while the service runs, what is not acknowledged is in transit', () => {
    const sent = () => ({ acknowledged: 5, refused: {}, unanswered: { X: 2 }, inFlight: 1 });
    const { kinds, losses } = observeReport(
      input({ pages: [page({ 'spans.created': 10 })], sent, ended: false }),
    );
    assert.deepEqual(kinds.spans, {
      created: 10,
      acknowledged: 5,
      dropped: 0,
      inTransit: 5,
      lost: 0,
      unobserved: 0,
    });
    assert.deepEqual(losses, []);
  });

  it('what the service decided is dropped, not lost', () => {
    const pages = [
      page({ 'spans.created': 10, 'spans.discarded': 10, 'llmSpans.created': 3, 'llmSpans.processor': 3 }),
    ];
    const { kinds, losses } = observeReport(input({ pages }));
    assert.deepEqual([kinds.spans.dropped, kinds.llmSpans.dropped], [10, 3]);
    assert.deepEqual(losses, []);
  });

  it('of several processes, those that were killed lost no more than they made', () => {
    const pages = [page({ 'evaluations.created': 10 }), page({ 'evaluations.created': 4 }, false)];
    const { losses } = observeReport(input({ pages }));
    assert.deepEqual(
      losses.map(({ reason, signals }) => [reason, signals]),
      [
        ['killed', 4],
        ['unsent at exit', 10],
      ],
    );
  });

  it('a tracer that never came to our address is noted', () => {
    const { notes } = observeReport(input({ pages: [page({ 'spans.created': 1 })], reached: false }));
    assert.match(notes.join(), /sets one itself/);
  });

  it('nothing created is not shown as nothing lost', () => {
    assert.match(
      reportLines(observeReport(input({ ended: false })), false).join('\n'),
      /nothing created yet$/,
    );
    const pages = [page({ 'spans.created': 1 })];
    assert.match(
      reportLines(observeReport(input({ ended: false, pages })), false).join('\n'),
      /✔ nothing was lost so far$/,
    );
  });

  it('what had no answer is said while the service runs; a reason of several kinds is one entry', () => {
    const sent = () => ({ acknowledged: 0, refused: {}, unanswered: { ECONNREFUSED: 4 }, inFlight: 0 });
    const pages = [page({ 'spans.created': 5, 'llmSpans.created': 4, 'evaluations.created': 4 }, false)];
    const live = observeReport(input({ ended: false, pages, sent }));
    assert.match(
      reportLines(live, false).join('\n'),
      /\n! no answer to 12 signals \(ECONNREFUSED\): lost, unless/,
    );
    assert.match(statusLine(live, 8), /^keepspan observe {2}8 s .* {2}! no answer to 12 signals/);
    const final = reportLines(observeReport(input({ ended: true, pages, sent })), true);
    assert.deepEqual(
      final.filter((line) => line.startsWith('✖')),
      [
        '✖ 4 spans, 4 LLM spans, 4 evaluations lost: no answer: ECONNREFUSED',
        "✖ 1 spans lost: killed, by SIGKILL or a signal that nothing in the service handles: 'exit' never came",
      ],
    );
    assert.ok(!final.some((line) => line.startsWith('!')));
  });
});

describe('watchTracer', () => {
  const marks = {
    llm: { '_dd.llmobs.artificial_gen_ai_tags': 'true' },
    submitted: '_dd.llmobs.submitted',
  } as const;
  const span = (tags: Record<string, unknown>, record?: boolean) => ({
    context: () => ({ _trace: { record }, _tags: tags }),
  });

  function watch(t: TestContext) {
    const counts: Record<string, number> = {};
    const { settle, uninstall } = watchTracer((event) => (counts[event] = (counts[event] ?? 0) + 1));
    t.after(uninstall);
    return { counts, settle };
  }

  it('counts a span whose marks come after our listener', (t) => {
    const { counts, settle } = watch(t);
    const late = span({ ...marks.llm });
    channel('dd-trace:span:finish').publish(late);
    late.context()._tags[marks.submitted] = '1';
    assert.equal(counts['llmSpans.created'], undefined);
    settle();
    settle();
    assert.deepEqual(counts, { 'spans.created': 1, 'llmSpans.created': 1 });
  });

  it('LLM marks without LLM Observability are no LLM spans; after one that was taken they are dropped ones', (t) => {
    const { counts, settle } = watch(t);
    const finish = channel('dd-trace:span:finish');
    finish.publish(span({ ...marks.llm }));
    finish.publish(span({ ...marks.llm, [marks.submitted]: '1' }));
    finish.publish(span({ ...marks.llm }));
    settle();
    assert.deepEqual(counts, { 'spans.created': 3, 'llmSpans.created': 2, 'llmSpans.overflow': 1 });
  });

  it('leaves no listener behind', () => {
    const names = [
      'dd-trace:span:start',
      'dd-trace:span:finish',
      'llmobs:eval-metric:append',
      'http.client.request.created',
    ];
    const listeners = () => names.map((name) => channel(name).hasSubscribers);
    const before = listeners();
    const { uninstall } = watchTracer(() => undefined);
    channel('dd-trace:span:start').publish({});
    uninstall();
    assert.deepEqual(listeners(), before);
  });
});

describe('ObservePage', () => {
  it('is read back whole; what is no page is left out', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'pages-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const mine = new ObservePage(folder);
    mine.add('evaluations.created');
    mine.write();
    writeFileSync(join(folder, 'other'), 'x');
    const [read, ...more] = readPages(folder);
    assert.deepEqual(more, []);
    assert.deepEqual([read?.pid, read?.ended, read?.counts['evaluations.created']], [process.pid, false, 1]);
    mine.end();
    assert.equal(readPages(folder)[0]?.ended, true);
    truncateSync(
      join(
        folder,
        readdirSync(folder).find((name) => name !== 'other')!,
      ),
      8,
    );
    assert.deepEqual(readPages(folder), []);
  });
});

describe('the counting proxy', () => {
  async function proxied(t: TestContext, more: Partial<CountingProxyOptions> = {}) {
    const seen: { url: string | undefined; headers: unknown; body: string }[] = [];
    const server = createServer((incoming, response) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (text: string) => (body += text));
      incoming.on('end', () => {
        seen.push({ url: incoming.url, headers: incoming.headers['x-test'], body });
        response.writeHead(207, { 'x-answer': 'yes' }).end(`answer to ${body}`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const log: string[] = [];
    const proxy = await startCountingProxy({
      upstream: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      isCounted: (path) => path.startsWith('/counted'),
      onSent: (path, body) => {
        log.push(`sent ${path} ${body?.length ?? 'too large'}`);
        return {
          answered: (status) => log.push(`answered ${status}`),
          failed: (code) => log.push(`failed ${code}`),
        };
      },
      onInfo: (body) => log.push(`info ${body ?? 'none'}`),
      ...more,
    });
    t.after(async () => {
      await proxy.close();
      server.closeAllConnections();
      server.close();
    });
    const ask = (path: string, body: string) =>
      new Promise<{ status: number | undefined; answer: string; header: unknown } | { error: string }>(
        (resolve) => {
          const outgoing = request(
            `${proxy.url}${path}`,
            { method: 'POST', headers: { 'x-test': 'kept' } },
            (response) => {
              let answer = '';
              response.setEncoding('utf8').on('data', (text: string) => (answer += text));
              response.on('end', () =>
                resolve({ status: response.statusCode, answer, header: response.headers['x-answer'] }),
              );
            },
          );
          outgoing.on('error', (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? '' }));
          outgoing.end(body);
        },
      );
    return { proxy, ask, seen, log };
  }

  it('passes both ways what comes, and looks at what it was told to', async (t) => {
    const { ask, seen, log, proxy } = await proxied(t);
    assert.deepEqual(await ask('/telemetry', 'abc'), { status: 207, answer: 'answer to abc', header: 'yes' });
    assert.deepEqual(log, []);
    assert.deepEqual(await ask('/counted', 'abcd'), { status: 207, answer: 'answer to abcd', header: 'yes' });
    assert.deepEqual(log, ['sent /counted 4', 'answered 207']);
    assert.deepEqual(seen[1], { url: '/counted', headers: 'kept', body: 'abcd' });
    assert.equal(proxy.inFlight(), 0);
  });

  it('a body at the bound is kept, one above it is passed on unread', async (t) => {
    const { ask, log, seen } = await proxied(t, { maxBodyBytes: 4 });
    await ask('/counted', 'abcd');
    await ask('/counted', 'abcde');
    assert.deepEqual(log, ['sent /counted 4', 'answered 207', 'sent /counted too large', 'answered 207']);
    assert.equal(seen[1]?.body, 'abcde');
  });

  it('an upstream that is not there is a connection that breaks', async (t) => {
    const { ask, log, proxy } = await proxied(t, { upstream: 'http://127.0.0.1:1' });
    assert.deepEqual(await ask('/counted', 'abcd'), { error: 'ECONNRESET' });
    assert.deepEqual(log, ['sent /counted 4', 'failed ECONNREFUSED']);
    assert.equal(proxy.inFlight(), 0);
    await ask('/info', '');
    assert.equal(log.at(-1), 'info none');
  });
});

describe('BottomBlock', () => {
  it('keeps the scrolling region above it, redraws in place, and gives the lines back', () => {
    const ESC = String.fromCharCode(27);
    let text = '';
    const take = () => {
      const taken = text.replaceAll(ESC, '^');
      text = '';
      return taken;
    };
    const block = new BottomBlock({ rows: 20, columns: 10, write: (more) => (text += more) });
    block.show(['one', 'two is longer than the terminal']);
    assert.equal(take(), '\n\n^[2A^7^[1;18r^8^7^[19;1H^[2Kone^[20;1H^[2Ktwo is lon^8');
    block.show(['1', '2']);
    assert.equal(take(), '^7^[19;1H^[2K1^[20;1H^[2K2^8');
    block.close();
    assert.equal(take(), '^7^[20;1H^[2K^[19;1H^[2K^[r^8');
    block.close();
    assert.equal(take(), '');
  });
});
