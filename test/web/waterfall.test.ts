import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LlmSpanRowJson, SpanRowJson } from '../../src/workbench/api/types.ts';
import { buildTree, reveal, type Tree, visibleRows } from '../../web/src/lib/tree.ts';
import { scrollToRow, windowOf } from '../../web/src/lib/virtual.ts';

const span = (
  id: number,
  parent: number | '',
  startMs: number,
  durationMs = 10,
  error = false,
): SpanRowJson => ({
  spanId: hex(id),
  parentId: parent === '' ? '' : hex(parent),
  source: 'datadog',
  service: 's',
  name: `op${id}`,
  resource: '',
  startMs,
  durationMs,
  error,
});
const hex = (id: number): string => id.toString(16).padStart(16, '0');
const llm = (id: number, parent: string, error = false): LlmSpanRowJson => ({
  traceId: 't',
  spanId: String(id),
  spanHex: hex(id),
  parentId: parent,
  apmTraceId: 'a',
  source: 'datadog',
  name: 'chat',
  kind: 'llm',
  model: 'm',
  provider: 'p',
  mlApp: 'app',
  startMs: 5,
  durationMs: 3,
  error,
  inputTokens: 1,
  outputTokens: 2,
  totalTokens: 3,
  costUsd: null,
  inputPreview: '',
  outputPreview: '',
});
const shape = (tree: Tree, folded: ReadonlySet<string> = new Set()): string =>
  visibleRows(tree, folded)
    .map(({ id, depth }) => `${'.'.repeat(depth)}${Number.parseInt(id, 16)}`)
    .join(' ');

describe('layout of a waterfall', () => {
  it('spans in any order become a tree in order of time', () => {
    const tree = buildTree([span(4, 2, 30), span(3, 1, 20), span(2, 1, 10), span(1, '', 0, 100)], []);
    assert.equal(shape(tree), '1 .2 ..4 .3');
    assert.deepEqual([tree.startMs, tree.endMs, tree.missingParents], [0, 100, []]);
    assert.deepEqual(
      visibleRows(tree, new Set()).map(({ below }) => below),
      [3, 1, 0, 0],
    );
  });

  it('what is folded hides what is below, and is opened for a span that is asked for', () => {
    const tree = buildTree([span(1, '', 0), span(2, 1, 1), span(3, 2, 2), span(4, 1, 3)], []);
    const folded = new Set([hex(1), hex(2)]);
    assert.equal(shape(tree, folded), '1');
    assert.equal(shape(tree, reveal(tree, folded, hex(3))), '1 .2 ..3 .4');
    assert.equal(shape(tree, reveal(tree, folded, hex(4))), '1 .2 .4');
    assert.equal(reveal(tree, folded, hex(1)), folded, 'nothing to open');
  });

  it('a parent that is not here is named, and its children stand as roots', () => {
    const tree = buildTree([span(5, 99, 10), span(6, 99, 5), span(1, '', 0)], []);
    assert.equal(shape(tree), '1 6 5');
    assert.deepEqual(tree.missingParents, [hex(99)]);
    assert.deepEqual(
      tree.roots.map(({ orphan }) => orphan),
      [false, true, true],
    );
  });

  it('every span shows once, even when parents name each other or themselves', () => {
    const tree = buildTree([span(1, 2, 0), span(2, 3, 1), span(3, 1, 2), span(4, 4, 3), span(5, 3, 9)], []);
    const rows = visibleRows(tree, new Set());
    assert.equal(rows.length, 5);
    assert.equal(new Set(rows).size, 5);
  });

  it('an LLM span joins the span of its id; one without a span stands where its parent is', () => {
    const tree = buildTree([span(1, '', 0), span(2, 1, 1)], [llm(2, '1', true), llm(3, '2'), llm(4, '')]);
    assert.equal(shape(tree), '1 .2 ..3 4');
    const joined = tree.nodes.get(hex(2));
    assert.deepEqual(
      [joined?.kind, joined?.llmOnly, joined?.error, joined?.name],
      ['llm', false, true, 'op2'],
    );
    assert.equal(tree.nodes.get(hex(3))?.llmOnly, true);
  });

  it('45,000 spans, in one chain, and an empty trace', () => {
    const chain = Array.from({ length: 45_000 }, (_, i) => span(i + 1, i === 0 ? '' : i, i));
    const tree = buildTree(chain, []);
    const rows = visibleRows(tree, new Set());
    assert.equal(rows.length, 45_000);
    assert.equal(rows.at(-1)?.depth, 44_999);
    assert.equal(rows[0]?.below, 44_999);
    const none = buildTree([], []);
    assert.deepEqual([none.startMs, none.endMs, visibleRows(none, new Set())], [0, 0, []]);
  });
});

describe('rows that are drawn', () => {
  it('are those in view and a few more, however many there are', () => {
    assert.deepEqual(windowOf(0, 560, 28, 45_000), { first: 0, end: 28 });
    assert.deepEqual(windowOf(28_000, 560, 28, 45_000), { first: 992, end: 1028 });
    const { first, end } = windowOf(45_000 * 28, 560, 28, 45_000);
    assert.equal(end, 45_000);
    assert.ok(end - first < 40);
    assert.deepEqual(windowOf(0, 560, 28, 3), { first: 0, end: 3 });
    assert.deepEqual(windowOf(500, 560, 28, 0), { first: 0, end: 0 });
  });

  it('a row is scrolled to only when it is out of view', () => {
    assert.equal(scrollToRow(5, 0, 560, 28), 0);
    assert.equal(scrollToRow(19, 0, 560, 28), 0);
    assert.equal(scrollToRow(20, 0, 560, 28), 28);
    assert.equal(scrollToRow(2, 100, 560, 28), 56);
  });
});
