import assert from 'node:assert/strict';
import { it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Encoder } from '@msgpack/msgpack';
import type { PendingRecord } from '../../src/contracts/delivery.ts';
import { parseRules } from '../../src/sampling/parse-rules.ts';
import { createSampler, type Sampler } from '../../src/sampling/sampler.ts';
import { createDatadogEncoder } from '../../src/wire/datadog/encode.ts';
import { readMsgpack } from '../support/msgpack.ts';
import { Oracle, type OracleRule, type Part } from './oracle.ts';
import { seeded } from '../support/seeded.ts';

/** Traces judged in all; a million with KEEPSPAN_TEST_FULL=1. */
const TRACES = process.env['KEEPSPAN_TEST_FULL'] === '1' ? 1_000_000 : 20_000;
const TRACES_PER_POLICY = 2000;
const PROCESSES = 3;
/** Late parts come within so many traces; the subject remembers more. */
const LATE_WITHIN = 200;
const MAX_HEAP_GROWTH_MIB = 64;

type Fields = Record<string, unknown>;
type Release = { readonly part: Part; readonly spans: Fields[]; readonly evaluate: bigint | undefined };

const msgpack = new Encoder({ useBigInt64: true });

it('L9: no random trace that matters is sampled out, and every verdict is what an oracle says', () => {
  const random = seeded(20_261_122);
  const world = new World(random);
  let judged = 0;
  let dropped = 0;
  let matter = 0;
  let heapBefore = 0;
  while (judged < TRACES) {
    const rules = world.policy();
    const subjects = Array.from({ length: PROCESSES }, () => new Subject(rules));
    for (const { part, spans, evaluate } of world.releases(TRACES_PER_POLICY)) {
      // Several processes see the same part: with one policy they say the same.
      const fates = subjects.map((subject) => subject.keeps(part, spans, evaluate));
      const [first] = fates;
      assert.ok(
        fates.every((fate) => fate === first),
        'processes disagree',
      );
      if (part.matters) matter += 1;
      if (first === false) dropped += 1;
      assert.ok(!(part.matters && first === false), 'a trace that matters was sampled out');
    }
    judged += TRACES_PER_POLICY;
    if (heapBefore === 0) heapBefore = heapInUse();
  }
  assert.ok(
    dropped > TRACES / 20 && matter > TRACES / 20,
    `${dropped} dropped, ${matter} matter: too few to say anything`,
  );
  const growthMib = (heapInUse() - heapBefore) / 2 ** 20;
  assert.ok(growthMib < MAX_HEAP_GROWTH_MIB, `the heap grew by ${growthMib} MiB`);
});

/** Bytes that are still reachable: without a collection the figure tells more of the collector than of us. */
function heapInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

/** One process: what is sent is asked of the bytes. */
class Subject {
  readonly #oracle: Oracle;
  readonly #sampler: Sampler;
  readonly #encoder: ReturnType<typeof createDatadogEncoder>;

  constructor(rules: readonly OracleRule[]) {
    const written = rules.map(({ noise, name, service, tier, rate }) => ({
      ...(noise === undefined ? {} : { noise }),
      ...(name === undefined ? {} : { name }),
      ...(service === undefined ? {} : { service }),
      ...(tier === undefined ? {} : { tags: { 'app.tier': tier } }),
      sample_rate: rate,
    }));
    const parsed = parseRules(written, 'rules');
    assert.deepEqual(parsed.problems, []);
    this.#oracle = new Oracle(rules);
    this.#sampler = createSampler({ policy: { source: 'file', rules: parsed.rules } });
    this.#encoder = createDatadogEncoder({
      target: () => ({ mode: 'agent', url: 'http://agent.invalid' }),
      agentUrl: () => 'http://agent.invalid',
      judge: this.#sampler.judge,
    });
  }

  keeps(part: Part, spans: readonly Fields[], evaluate: bigint | undefined): boolean {
    if (evaluate !== undefined) this.#sampler.noteEvaluated(evaluate);
    const payload = Buffer.from(msgpack.encode([spans]));
    const record: PendingRecord = {
      kind: 'spans',
      flags: 2,
      count: spans.length,
      timeMs: 0,
      preamble: '',
      payload,
    };
    const batch = this.#encoder.encode([record]);
    const sampledOut = batch.sampledOutPerRecord?.[0] ?? 0;
    assert.equal(batch.signals + sampledOut, spans.length, 'the ledger law');
    const arrived = (readMsgpack(batch.body) as Fields[][]).flat();
    assert.equal(arrived.length, batch.signals, 'a trace was cut in two');
    const kept = arrived.length > 0;
    assert.equal(
      kept,
      this.#oracle.keeps(part),
      `${JSON.stringify({ ...part, traceId: String(part.traceId) })}`,
    );
    return kept;
  }
}

class World {
  readonly #random: () => number;
  #span = 1n;

  constructor(random: () => number) {
    this.#random = random;
  }

  policy(): OracleRule[] {
    const optional = <K extends string, V>(key: K, values: readonly V[], chance: number) =>
      this.#random() < chance ? ({ [key]: this.#one(values) } as Record<K, V>) : {};
    return Array.from({ length: this.#int(5) }, () => ({
      ...optional('noise', ['health', 'poll:sqs', 'poll:kafka'] as const, 0.5),
      ...optional('name', ['web.*', '*.tick', 'aws.request', 'WEB.REQUEST', '?ron.tick'], 0.3),
      ...optional('service', ['svc-*', '*', 'svc-a', 'other'], 0.3),
      ...optional('tier', ['gold', 'g*', 's?lver', '*'], 0.2),
      rate: this.#one([0, 0, 0.01, 0.5, 1]),
    }));
  }

  /** The parts of `count` traces: whole, in two parts in either order, or with a late part some traces later. */
  releases(count: number): Release[] {
    const releases: Release[] = [];
    const late: Release[] = [];
    for (let i = 0; i < count; i += 1) {
      const traceId = BigInt.asUintN(64, (BigInt(this.#int(2 ** 32)) << 32n) | BigInt(this.#int(2 ** 32)));
      const root = this.#root(traceId);
      const shape = this.#random();
      if (shape < 0.7) releases.push(root);
      else if (shape < 0.8) releases.push(this.#rest(root), root);
      else {
        releases.push(root);
        late.push(this.#rest(root));
      }
      while (late.length > 0 && (late.length > LATE_WITHIN || this.#random() < 0.1))
        releases.push(late.shift()!);
    }
    return [...releases, ...late];
  }

  #root(traceId: bigint): Release {
    const kind = this.#one(['health', 'sqs', 'kafka', 'web', 'cron'] as const);
    const service = this.#one(['svc-a', 'svc-b', 'other']);
    const tier = this.#one(['gold', 'silver', 'none']);
    const messages = (kind === 'sqs' || kind === 'kafka') && this.#random() < 0.3;
    const { name, meta, metrics, resource } = rootOf(kind, messages, this.#random);
    // A parent in another process is one only for what can be called from there.
    const parent = (kind === 'health' || kind === 'web') && this.#random() < 0.2 ? 77n : 0n;
    const root = this.#spanOf(traceId, parent, {
      name,
      resource,
      service,
      meta: { ...meta, 'app.tier': tier },
      metrics,
    });
    const children = Array.from({ length: this.#int(4) }, () =>
      this.#spanOf(traceId, root['span_id'] as bigint, { name: 'http.request' }),
    );
    const part = { traceId, hasRoot: true, kind, name, service, tier, messages };
    return this.#mattering(part, [root, ...children]);
  }

  #rest(of: Release): Release {
    const spans = Array.from({ length: 1 + this.#int(3) }, () =>
      this.#spanOf(of.part.traceId, of.spans[0]!['span_id'] as bigint, { name: 'late' }),
    );
    return this.#mattering({ ...of.part, hasRoot: false }, spans);
  }

  #mattering(part: Omit<Part, 'matters'>, spans: Fields[]): Release {
    const matters = this.#random() < 0.2;
    if (!matters) return { part: { ...part, matters }, spans, evaluate: undefined };
    const at = this.#int(spans.length);
    const span = spans[at]!;
    const how = this.#int(5);
    if (how === 4) return { part: { ...part, matters }, spans, evaluate: span['span_id'] as bigint };
    spans[at] = [
      { ...span, error: 1 },
      { ...span, meta: { ...(span['meta'] as Fields), '_dd.llmobs.submitted': '1' } },
      { ...span, metrics: { ...(span['metrics'] as Fields), 'manual.keep': 1 } },
      { ...span, meta: { ...(span['meta'] as Fields), 'gen_ai.operation.name': 'chat' } },
    ][how]!;
    return { part: { ...part, matters }, spans, evaluate: undefined };
  }

  #spanOf(traceId: bigint, parentId: bigint, fields: Fields): Fields {
    this.#span += 1n;
    const { meta, metrics, ...rest } = fields;
    return {
      trace_id: traceId,
      span_id: this.#span,
      parent_id: parentId,
      resource: 'r',
      service: 'svc-a',
      error: 0,
      start: 1_700_000_000_000_000_000n,
      duration: 1,
      meta: { language: 'javascript', ...(meta as Fields) },
      metrics: { process_id: 1, _sampling_priority_v1: 1, ...(metrics as Fields) },
      ...rest,
    };
  }

  #int(below: number): number {
    return Math.floor(this.#random() * below);
  }

  #one<T>(values: readonly T[]): T {
    return values[this.#int(values.length)]!;
  }
}

function rootOf(kind: Part['kind'], messages: boolean, random: () => number) {
  switch (kind) {
    case 'health': {
      const path = random() < 0.5 ? '/health' : '/readyz?deep=1';
      return {
        name: 'web.request',
        resource: 'GET',
        meta: { 'span.kind': 'server', 'http.method': 'GET', 'http.url': `http://h${path}` },
        metrics: {},
      };
    }
    case 'web':
      return {
        name: 'web.request',
        resource: 'GET',
        meta: { 'span.kind': 'server', 'http.method': 'GET', 'http.url': 'http://h/orders/1' },
        metrics: {},
      };
    case 'sqs':
      return {
        name: 'aws.request',
        resource: 'receiveMessage q',
        meta: { 'span.kind': 'consumer', 'aws.operation': 'receiveMessage' },
        metrics: messages
          ? { 'messaging.batch.message_count': 3 }
          : random() < 0.5
            ? { 'messaging.batch.message_count': 0 }
            : {},
      };
    case 'kafka':
      return {
        name: 'kafka.consume',
        resource: 'orders',
        meta: { 'span.kind': 'consumer', ...(messages ? { 'kafka.message.offset': '5' } : {}) },
        metrics: {},
      };
    case 'cron':
      return { name: 'cron.tick', resource: 'cron.tick', meta: {}, metrics: {} };
  }
}
