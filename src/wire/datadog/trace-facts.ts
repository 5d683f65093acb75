import type { RootFacts, TraceFacts } from '../../contracts/sampling.ts';
import {
  endOf,
  entriesAt,
  idAt,
  insideOf,
  isMapAt,
  isText,
  numberAt,
  startsWith,
  textAt,
  textStart,
  valueOf,
} from './msgpack-scan.ts';

const key = (text: string): Buffer => Buffer.from(text, 'latin1');

const Key = {
  traceId: key('trace_id'),
  spanId: key('span_id'),
  parentId: key('parent_id'),
  name: key('name'),
  resource: key('resource'),
  service: key('service'),
  error: key('error'),
  meta: key('meta'),
  metrics: key('metrics'),
  kind: key('span.kind'),
} as const;

/**
 * Tags of LLM work, by how they begin: what dd-trace 6 puts on LLM Observability's spans (`_dd.llmobs.submitted`,
 * `gen_ai.*`, `llmobs_trace_id`), on a service that an LLM trace of another process called (`_dd.p.llmobs_parent_id`),
 * on instrumented clients without LLM Observability (`openai.*`, `langchain.*`), and what dd-trace-py and OpenLLMetry
 * put there. `_dd.p.llmobs_ml_app` is on every request of such a process and says nothing.
 */
const LLM_PREFIXES = [
  '_dd.llmobs.',
  '_dd.p.llmobs_parent_id',
  '_dd.p.llmobs_trace_id',
  '_ml_obs.',
  'gen_ai.',
  'langchain.',
  'llm.',
  'llmobs_',
  'openai.',
  'traceloop.',
].map(key);

const MANUAL_KEEP = key('manual.keep');
const PRIORITY = key('_sampling_priority_v1');
const DECISION_MAKER = key('_dd.p.dm');
/** Sampling mechanisms that stand for somebody's or some product's wish, not for a rate: manual, AppSec, AI Guard. */
const BY_WISH = ['-4', '-5', '-13'].map(key);
const USER_KEEP = 2;
const ENTRY_KINDS = ['server', 'consumer'].map(key);

/** Offsets inside the span that was read last; -1 where it has none. */
const at = {
  traceId: -1,
  spanId: -1,
  parentId: -1,
  name: -1,
  resource: -1,
  service: -1,
  error: -1,
  meta: -1,
  metrics: -1,
};

/**
 * What is known of one trace of a v0.4 payload, without decoding it. Answers hold as long as `bytes` are not changed.
 *
 * The local root is the span without a parent, else the first span when it is an entry (kind server or consumer: its
 * parent is in another process). dd-trace releases the spans of a trace in the order they began, the root first;
 * a part without its root comes from a partial flush, or late.
 *
 * @param bytes a payload that `walkTraces` accepts
 * @param start where the array of the trace's spans begins
 */
export function readTraceFacts(bytes: Buffer, start: number): TraceFacts & { readonly rootAt: number } {
  let next = insideOf(bytes, start);
  let traceId = 0n;
  let rootAt = -1;
  let llm = false;
  let error = false;
  let manualKeep = false;
  const spans = entriesAt(bytes, start);
  for (let i = 0; i < spans; i += 1) {
    const span = next;
    next = locate(bytes, span);
    readTags(bytes);
    if (i === 0) traceId = at.traceId < 0 ? 0n : idAt(bytes, at.traceId);
    if (rootAt < 0 && (isParentless(bytes) || (i === 0 && isEntry(bytes)))) rootAt = span;
    error ||= at.error >= 0 && numberAt(bytes, at.error) !== 0;
    llm ||= tags.llm;
    manualKeep ||= isManualKeep(bytes);
  }
  return {
    traceId,
    root: rootAt < 0 ? undefined : new ScannedRoot(bytes, rootAt),
    rootAt,
    llm,
    error,
    manualKeep,
    hasSpan: (spanIds) => hasSpan(bytes, start, spanIds),
  };
}

/** Offset of the metrics of the span at `span`, and of the metric `name` in it; -1 where there is none. */
export function locateMetric(
  bytes: Buffer,
  span: number,
  name: string,
): { readonly metrics: number; readonly value: number } {
  locate(bytes, span);
  const { metrics } = at;
  if (metrics < 0 || !isMapAt(bytes, metrics)) return { metrics: -1, value: -1 };
  return { metrics, value: valueOf(bytes, metrics, key(name)) };
}

class ScannedRoot implements RootFacts {
  readonly name: string;
  readonly resource: string;
  readonly service: string;
  readonly #bytes: Buffer;
  readonly #meta: number;
  readonly #metrics: number;

  constructor(bytes: Buffer, span: number) {
    locate(bytes, span);
    this.#bytes = bytes;
    this.name = at.name < 0 ? '' : textAt(bytes, at.name);
    this.resource = at.resource < 0 ? '' : textAt(bytes, at.resource);
    this.service = at.service < 0 ? '' : textAt(bytes, at.service);
    this.#meta = at.meta;
    this.#metrics = at.metrics;
  }

  tag(name: string): string | number | undefined {
    const wanted = keyBytes(name);
    const text = find(this.#bytes, this.#meta, wanted);
    if (text >= 0) return textAt(this.#bytes, text);
    const number = find(this.#bytes, this.#metrics, wanted);
    return number < 0 ? undefined : numberAt(this.#bytes, number);
  }
}

/** Keys come from rules and from code, so there are few. */
const KEYS = new Map<string, Buffer>();
const MAX_KEYS = 1000;

function keyBytes(name: string): Buffer {
  const known = KEYS.get(name);
  if (known !== undefined) return known;
  const made = Buffer.from(name, 'utf8');
  if (KEYS.size < MAX_KEYS) KEYS.set(name, made);
  return made;
}

function find(bytes: Buffer, map: number, wanted: Buffer): number {
  return map < 0 || !isMapAt(bytes, map) ? -1 : valueOf(bytes, map, wanted);
}

/** Reads where the fields of the span at `span` are. Returns where it ends. */
function locate(bytes: Buffer, span: number): number {
  at.traceId =
    at.spanId =
    at.parentId =
    at.name =
    at.resource =
    at.service =
    at.error =
    at.meta =
    at.metrics =
      -1;
  let next = insideOf(bytes, span);
  for (let left = entriesAt(bytes, span); left > 0; left -= 1) {
    const start = textStart(bytes, next);
    const end = endOf(bytes, next);
    note(bytes, start, end);
    next = endOf(bytes, end);
  }
  return next;
}

/** The value of a key begins where the key ends. */
function note(bytes: Buffer, start: number, end: number): void {
  switch (end - start) {
    case 4:
      if (isText(bytes, start, end, Key.name)) at.name = end;
      else if (isText(bytes, start, end, Key.meta)) at.meta = end;
      return;
    case 5:
      if (isText(bytes, start, end, Key.error)) at.error = end;
      return;
    case 7:
      if (isText(bytes, start, end, Key.spanId)) at.spanId = end;
      else if (isText(bytes, start, end, Key.service)) at.service = end;
      else if (isText(bytes, start, end, Key.metrics)) at.metrics = end;
      return;
    case 8:
      if (isText(bytes, start, end, Key.traceId)) at.traceId = end;
      else if (isText(bytes, start, end, Key.resource)) at.resource = end;
      return;
    case 9:
      if (isText(bytes, start, end, Key.parentId)) at.parentId = end;
      return;
  }
}

function isParentless(bytes: Buffer): boolean {
  return at.parentId < 0 || idAt(bytes, at.parentId) === 0n;
}

/** What the tags of the span that was read last say, after `readTags`. */
const tags = { llm: false, manual: false, kind: -1, maker: -1, priority: -1 };

function readTags(bytes: Buffer): void {
  tags.llm = tags.manual = false;
  tags.kind = tags.maker = tags.priority = -1;
  readMap(bytes, at.meta);
  readMap(bytes, at.metrics);
}

/** One pass: only keys that begin like one that is looked for are compared. */
function readMap(bytes: Buffer, map: number): void {
  if (map < 0 || !isMapAt(bytes, map)) return;
  let next = insideOf(bytes, map);
  for (let left = entriesAt(bytes, map); left > 0; left -= 1) {
    const start = textStart(bytes, next);
    const end = endOf(bytes, next);
    switch (bytes[start] ?? 0) {
      case 0x5f: // _
        if (isText(bytes, start, end, DECISION_MAKER)) tags.maker = end;
        else if (isText(bytes, start, end, PRIORITY)) tags.priority = end;
        else tags.llm ||= isLlmTag(bytes, start, end);
        break;
      case 0x67: // g
      case 0x6c: // l
      case 0x6f: // o
      case 0x74: // t
        tags.llm ||= isLlmTag(bytes, start, end);
        break;
      case 0x6d: // m
        tags.manual ||= isText(bytes, start, end, MANUAL_KEEP);
        break;
      case 0x73: // s
        if (isText(bytes, start, end, Key.kind)) tags.kind = end;
        break;
    }
    next = endOf(bytes, end);
  }
}

function isLlmTag(bytes: Buffer, start: number, end: number): boolean {
  for (const prefix of LLM_PREFIXES) if (startsWith(bytes, start, end, prefix)) return true;
  return false;
}

function isEntry(bytes: Buffer): boolean {
  return tags.kind >= 0 && isOneOf(bytes, tags.kind, ENTRY_KINDS);
}

function isManualKeep(bytes: Buffer): boolean {
  if (tags.manual) return true;
  if (tags.maker < 0 || tags.priority < 0) return false;
  return numberAt(bytes, tags.priority) >= USER_KEEP && isOneOf(bytes, tags.maker, BY_WISH);
}

function isOneOf(bytes: Buffer, value: number, texts: readonly Buffer[]): boolean {
  const start = textStart(bytes, value);
  const end = endOf(bytes, value);
  return texts.some((text) => isText(bytes, start, end, text));
}

function hasSpan(bytes: Buffer, start: number, spanIds: ReadonlySet<bigint>): boolean {
  let next = insideOf(bytes, start);
  for (let left = entriesAt(bytes, start); left > 0; left -= 1) {
    next = locate(bytes, next);
    if (at.spanId >= 0 && spanIds.has(idAt(bytes, at.spanId))) return true;
  }
  return false;
}
