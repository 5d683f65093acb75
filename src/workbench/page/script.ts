/**
 * Script of the page, served as a file because the content policy allows no inline script. Prompts are untrusted:
 * every value becomes a text node, and the policy's Trusted Types forbid anything else.
 */
export const PAGE_SCRIPT = String.raw`'use strict';
const PERIOD_MS = 2000;
const ROWS = 50;
const PREVIEW_CHARS = 160;
const byId = (id) => document.getElementById(id);
const number = new Intl.NumberFormat('en-US');
let paused = false;
let lastGood = null;
let failures = 0;

const preview = (value) => {
  const text = typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
  return text.length > PREVIEW_CHARS ? text.slice(0, PREVIEW_CHARS) + '…' : text;
};
const time = (ms) => {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? '' : date.toLocaleTimeString([], { hour12: false }) + '.' +
    String(date.getMilliseconds()).padStart(3, '0');
};
const duration = (ms) => ms >= 1000 ? (ms / 1000).toFixed(2) + ' s' : ms >= 1 ? ms.toFixed(1) + ' ms' :
  Math.round(ms * 1000) + ' µs';
const bytes = (n) => n >= 1048576 ? (n / 1048576).toFixed(1) + ' MiB' : Math.ceil(n / 1024) + ' KiB';
const status = (error) => ({ text: error ? '✖ error' : '✓ ok', class: error ? 'bad' : 'good' });

function cell(content, className) {
  const td = document.createElement('td');
  if (className) td.className = className;
  if (content instanceof Node) td.append(content);
  else if (content && typeof content === 'object') {
    td.textContent = content.text;
    td.className = content.class + ' nowrap';
  } else td.textContent = content;
  if (className === 'text' && !(content instanceof Node)) td.title = content;
  return td;
}
function row(cells) {
  const tr = document.createElement('tr');
  tr.append(...cells);
  return tr;
}
function fill(id, rows, more) {
  byId(id).replaceChildren(...rows);
  byId(id + '-none').textContent = 'Nothing yet.';
  byId(id + '-none').hidden = rows.length > 0;
  byId(id + '-note').textContent = rows.length === 0 ? '' : more ? 'newest ' + rows.length + ', there are more' : rows.length + ' shown';
}
function traceLink(traceId, text) {
  const a = document.createElement('a');
  a.href = '#trace=' + traceId;
  a.textContent = text || '(no name)';
  return a;
}
async function load(path) {
  const response = await fetch(path);
  const body = await response.json();
  if (!response.ok) throw new Error(body.error || 'HTTP ' + response.status);
  return body;
}

function messageText(io) {
  if (!io || typeof io !== 'object') return preview(io);
  if (Array.isArray(io.messages)) return preview(io.messages.map((m) => (m.role ? m.role + ': ' : '') + preview(m.content)).join(' | '));
  if (Array.isArray(io.documents)) return preview(io.documents.map((d) => preview(d.text)).join(' | '));
  return preview(io.value !== undefined ? io.value : Object.keys(io).length === 0 ? '' : io);
}
const traceRow = (t) => row([
  cell(time(t.startMs), 'nowrap mono'), cell(traceLink(t.traceId, t.name), 'text'), cell(t.resource === t.name ? '' : t.resource, 'text'),
  cell(t.service, 'text'), cell(status(t.errors > 0)), cell(t.source), cell(number.format(t.spans), 'num'),
  cell(duration(t.durationMs), 'num'),
]);
function llmRow(s) {
  const meta = s.event.meta || {};
  const metrics = s.event.metrics || {};
  const model = meta.model_name || (meta.metadata && meta.metadata.model_name) || '';
  const tokens = metrics.total_tokens !== undefined ? number.format(metrics.total_tokens) : '';
  const name = /^[0-9a-f]{32}$/.test(s.apmTraceId) ? traceLink(s.apmTraceId, s.name) : s.name;
  return row([
    cell(time(s.startMs), 'nowrap mono'), cell(name, 'text'), cell(s.kind, 'nowrap'), cell(preview(model), 'text'),
    cell(messageText(meta.input), 'text'), cell(messageText(meta.output), 'text'), cell(status(s.error)),
    cell(tokens, 'num'), cell(duration(s.durationMs), 'num'),
  ]);
}
const evaluationRow = (e) => row([
  cell(e.timestampMs ? time(e.timestampMs) : '', 'nowrap mono'), cell(e.label, 'text'),
  cell(preview(e.metric[e.metricType + '_value']) + (e.metric.assessment ? ' (' + preview(e.metric.assessment) + ')' : ''), 'text'),
  cell(e.metricType, 'nowrap'), cell(preview(e.metric.reasoning), 'text'), cell(e.spanId || 'by tag', 'mono'),
]);

function showLedger(ledger, health) {
  const names = { spans: 'Spans', llmSpans: 'LLM spans', evaluations: 'Evaluations' };
  const kinds = Object.keys(names);
  byId('ledger').replaceChildren(...kinds.map((kind) => {
    const counts = ledger[kind];
    const head = document.createElement('th');
    head.scope = 'row';
    head.textContent = names[kind];
    const num = (value, alarm) => cell(number.format(value), alarm && value > 0 ? 'num bad' : 'num');
    return row([head, num(counts.received), num(counts.stored), num(counts.evicted), num(counts.rejected, true), num(counts.duplicates)]);
  }));
  byId('empty').hidden = kinds.some((kind) => ledger[kind].received > 0);
  byId('storage').textContent = bytes(health.storedBytes) + ' of ' + bytes(health.maxStoredBytes) +
    (health.database === 'file' ? ' in a file' : ' in memory');
  const last = health.lastRejections[0];
  const problems = [];
  if (health.failedRequests > 0) problems.push('✖ ' + health.failedRequests + ' requests could not be stored: ' + health.lastFailure);
  if (last) problems.push('✖ Last rejected (' + names[last.kind] + ', ' + time(last.atMs) + '): ' + last.reason);
  byId('note').textContent = problems.join(' ');
  byId('note').hidden = problems.length === 0;
}

async function showTrace() {
  const match = /^#trace=([0-9a-f]{32})$/.exec(location.hash);
  byId('trace').hidden = !match;
  if (!match) return;
  byId('trace-id').textContent = match[1];
  byId('trace-spans').replaceChildren();
  try {
    const trace = await load('/api/traces/' + match[1] + '?limit=1000');
    const ids = new Set(trace.spans.map((span) => span.spanId));
    const children = new Map();
    for (const span of trace.spans) {
      const key = ids.has(span.parentId) && span.parentId !== span.spanId ? span.parentId : '';
      children.set(key, [...(children.get(key) || []), span]);
    }
    const rows = [];
    const seen = new Set();
    const stack = [];
    const push = (key, depth) => {
      const list = (children.get(key) || []).sort((a, b) => b.startMs - a.startMs);
      for (const span of list) stack.push([span, depth]);
    };
    push('', 0);
    while (stack.length > 0) {
      const [span, depth] = stack.pop();
      if (seen.has(span)) continue;
      seen.add(span);
      const name = document.createElement('span');
      name.dataset.depth = String(depth);
      name.textContent = '  '.repeat(Math.min(depth, 30)) + (depth > 0 ? '└ ' : '') + span.name;
      rows.push(row([cell(name, 'text'), cell(span.service, 'text'), cell(span.resource === span.name ? '' : span.resource, 'text'), cell(status(span.error)), cell(duration(span.durationMs), 'num')]));
      push(span.spanId, depth + 1);
    }
    byId('trace-spans').replaceChildren(...rows);
    byId('trace-note').textContent = number.format(rows.length) + ' spans, ' + number.format(trace.llmSpans.length) + ' LLM spans' +
      (trace.nextCursor ? '; more are stored, see /api/traces/' + match[1] : '');
  } catch (error) {
    byId('trace-note').textContent = error.message;
  }
  byId('trace').scrollIntoView({ block: 'nearest' });
  byId('trace').focus({ preventScroll: true });
}

async function refresh() {
  try {
    const [ledger, health, traces, llm, evaluations] = await Promise.all([
      load('/api/ledger'), load('/api/health'), load('/api/traces?limit=' + ROWS),
      load('/api/llm-spans?limit=' + ROWS), load('/api/evaluations?limit=' + ROWS),
    ]);
    showLedger(ledger, health);
    fill('traces', traces.traces.map(traceRow), traces.nextCursor);
    fill('llm', llm.llmSpans.map(llmRow), llm.nextCursor);
    fill('evaluations', evaluations.evaluations.map(evaluationRow), evaluations.nextCursor);
    lastGood = new Date();
    failures = 0;
    byId('state').className = 'soft';
    byId('state').textContent = 'Updated ' + lastGood.toLocaleTimeString([], { hour12: false });
  } catch (error) {
    failures += 1;
    byId('state').className = 'bad';
    byId('state').textContent = '✖ Not reachable' + (lastGood ? ', last seen ' + lastGood.toLocaleTimeString([], { hour12: false }) : '') + ': ' + error.message;
  }
}

let lastSignature = '';
async function tick() {
  // Rows under the pointer, the focus or a selection stay still; unchanged data is not drawn again.
  if (!paused && !document.hidden) {
    try {
      const signature = JSON.stringify(await load('/api/ledger'));
      const busy = document.activeElement.closest('tbody') || !getSelection().isCollapsed;
      if (failures > 0 || (signature !== lastSignature && !busy)) {
        lastSignature = signature;
        await refresh();
      } else {
        lastGood = new Date();
        byId('state').textContent = 'Updated ' + lastGood.toLocaleTimeString([], { hour12: false });
      }
    } catch {
      await refresh();
    }
  }
  setTimeout(tick, PERIOD_MS);
}

byId('pause').addEventListener('click', () => {
  paused = !paused;
  byId('pause').setAttribute('aria-pressed', String(paused));
  byId('pause').textContent = paused ? 'Paused' : 'Pause';
  byId('state').textContent = paused ? 'Updates are paused' : '';
});
byId('trace-close').addEventListener('click', () => { history.pushState(null, '', '/'); showTrace(); byId('main').focus(); });
addEventListener('hashchange', showTrace);
addEventListener('keydown', (event) => { if (event.key === 'Escape' && !byId('trace').hidden) byId('trace-close').click(); });
tick();
showTrace();
`;
