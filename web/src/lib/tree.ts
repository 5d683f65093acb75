import type { LlmSpanRowJson, SpanRowJson } from '../../../src/workbench/api/types.ts';
import { decimalToHex } from './ids.ts';

/** A row of the waterfall: a span, with the LLM span that stands beside it. */
export interface TreeNode {
  /** 16 hex digits; of an LLM span without a span of its own, its own id in that notation. */
  readonly id: string;
  readonly parentId: string;
  readonly name: string;
  readonly service: string;
  readonly resource: string;
  readonly startMs: number;
  readonly durationMs: number;
  readonly error: boolean;
  /** llm, tool, workflow, …; '' for a span that is none of them. */
  readonly kind: string;
  readonly llm: LlmSpanRowJson | undefined;
  /** Only the LLM span came, no span of the trace. */
  readonly llmOnly: boolean;
  depth: number;
  children: TreeNode[];
  /** Spans below, at every depth. */
  below: number;
  /** It names a parent that is not here. */
  orphan: boolean;
}

/** A trace laid out: the roots in order of time, and what is known of the whole. */
export interface Tree {
  readonly roots: readonly TreeNode[];
  readonly nodes: ReadonlyMap<string, TreeNode>;
  readonly startMs: number;
  readonly endMs: number;
  /** Ids of parents that other spans name and that are not here. */
  readonly missingParents: readonly string[];
}

const fresh = { depth: 0, below: 0, orphan: false };

/** Puts spans and LLM spans into one tree. An LLM span joins the span that has its id. */
export function buildTree(spans: readonly SpanRowJson[], llmSpans: readonly LlmSpanRowJson[]): Tree {
  const llmById = new Map(llmSpans.map((llm) => [llm.spanHex, llm]));
  const nodes = new Map<string, TreeNode>();
  for (const span of spans) {
    const llm = llmById.get(span.spanId);
    nodes.set(span.spanId, {
      ...fresh,
      id: span.spanId,
      parentId: span.parentId,
      name: span.name,
      service: span.service,
      resource: span.resource,
      startMs: span.startMs,
      durationMs: span.durationMs,
      error: span.error || llm?.error === true,
      kind: llm?.kind ?? '',
      llm,
      llmOnly: false,
      children: [],
    });
  }
  for (const llm of llmSpans) if (!nodes.has(llm.spanHex)) nodes.set(llm.spanHex, lonely(llm));
  return link(nodes);
}

function lonely(llm: LlmSpanRowJson): TreeNode {
  return {
    ...fresh,
    id: llm.spanHex,
    parentId: llm.source === 'otlp' ? llm.parentId : decimalToHex(llm.parentId),
    name: llm.name,
    service: llm.mlApp,
    resource: llm.model,
    startMs: llm.startMs,
    durationMs: llm.durationMs,
    error: llm.error,
    kind: llm.kind,
    llm,
    llmOnly: true,
    children: [],
  };
}

function link(nodes: Map<string, TreeNode>): Tree {
  const roots: TreeNode[] = [];
  const missing = new Set<string>();
  let startMs = Number.POSITIVE_INFINITY;
  let endMs = Number.NEGATIVE_INFINITY;
  for (const node of nodes.values()) {
    startMs = Math.min(startMs, node.startMs);
    endMs = Math.max(endMs, node.startMs + node.durationMs);
    const parent = node.parentId === node.id ? undefined : nodes.get(node.parentId);
    if (parent !== undefined) parent.children.push(node);
    else {
      roots.push(node);
      node.orphan = node.parentId !== '' && node.parentId !== node.id;
      if (node.orphan) missing.add(node.parentId);
    }
  }
  const placed = place(roots);
  // Parents that name each other have no root: the earliest of each ring becomes one.
  if (placed.size < nodes.size) {
    for (const node of [...nodes.values()].toSorted(byStart)) {
      if (placed.has(node)) continue;
      node.orphan = true;
      roots.push(node);
      for (const one of place([node], placed)) placed.add(one);
    }
  }
  roots.sort(byStart);
  if (nodes.size === 0) startMs = endMs = 0;
  return { roots, nodes, startMs, endMs, missingParents: [...missing] };
}

const byStart = (a: TreeNode, b: TreeNode): number => a.startMs - b.startMs || b.durationMs - a.durationMs;

/** Depths, order and sizes, without recursion: a trace may be as deep as it has spans. */
function place(roots: readonly TreeNode[], seen = new Set<TreeNode>()): Set<TreeNode> {
  const order: TreeNode[] = [];
  const stack = roots.toReversed();
  while (stack.length > 0) {
    const node = stack.pop()!;
    if (seen.has(node)) continue;
    seen.add(node);
    order.push(node);
    node.children = node.children.filter((child) => !seen.has(child));
    node.children.sort(byStart);
    for (let i = node.children.length - 1; i >= 0; i -= 1) {
      const child = node.children[i]!;
      child.depth = node.depth + 1;
      stack.push(child);
    }
  }
  for (let i = order.length - 1; i >= 0; i -= 1) {
    const node = order[i]!;
    node.below = node.children.reduce((sum, child) => sum + child.below + 1, 0);
  }
  return seen;
}

/** The rows that show, top to bottom, when these nodes are folded. */
export function visibleRows(tree: Tree, folded: ReadonlySet<string>): readonly TreeNode[] {
  const rows: TreeNode[] = [];
  const stack = tree.roots.toReversed();
  while (stack.length > 0) {
    const node = stack.pop()!;
    rows.push(node);
    if (folded.has(node.id)) continue;
    for (let i = node.children.length - 1; i >= 0; i -= 1) stack.push(node.children[i]!);
  }
  return rows;
}

/** The folded set without what hides a node: its ancestors. */
export function reveal(tree: Tree, folded: ReadonlySet<string>, id: string): ReadonlySet<string> {
  const open = new Set(folded);
  const seen = new Set<string>();
  for (let node = tree.nodes.get(id); node !== undefined && !seen.has(node.id);) {
    seen.add(node.id);
    open.delete(node.parentId);
    node = tree.nodes.get(node.parentId);
  }
  return open.size === folded.size ? folded : open;
}
