import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { OtelSpan, OtelTraceState } from '../../src/sampling/otel-span.ts';
import { parseRules } from '../../src/sampling/parse-rules.ts';
import { createSampler } from '../../src/sampling/sampler.ts';
import type { TailLimits } from '../../src/sampling/tail-buffer.ts';
import { TailProcessor } from '../../src/sampling/tail-sampler.ts';

interface SpanInput {
  readonly name?: string;
  readonly kind?: number;
  readonly error?: boolean;
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly parent?: OtelSpan;
  readonly remote?: boolean;
  readonly traceState?: OtelTraceState;
}

let spans = 0;

/** A span as SDK 2.x shows it, made by hand. */
function span(trace: number, input: SpanInput = {}): OtelSpan {
  spans += 1;
  const context = {
    traceId: trace.toString(16).padStart(32, '0'),
    spanId: spans.toString(16).padStart(16, '0'),
    ...(input.traceState === undefined ? {} : { traceState: input.traceState }),
  };
  const parent = input.parent?.spanContext();
  return {
    name: input.name ?? 'GET /health',
    kind: input.kind ?? 1,
    status: { code: input.error === true ? 2 : 0 },
    attributes: input.attributes ?? { 'url.path': '/health' },
    resource: { attributes: { 'service.name': 'svc' } },
    ...(parent === undefined ? {} : { parentSpanContext: parent }),
    ...(input.remote === true ? { parentSpanContext: { ...context, isRemote: true } } : {}),
    spanContext: () => context,
  };
}

function setUp(rules: unknown = [{ noise: 'health', sample_rate: 0 }], limits: Partial<TailLimits> = {}) {
  const parsed = parseRules(rules, 'rules');
  assert.deepEqual(parsed.problems, []);
  const out: OtelSpan[] = [];
  const calls: string[] = [];
  const clock = { nowMs: 0, now: () => clock.nowMs, wall: () => 0 };
  const next = {
    onStart: () => undefined,
    onEnd: (ended: never) => void out.push(ended),
    forceFlush: () => Promise.resolve(void calls.push('forceFlush')),
    shutdown: () => Promise.resolve(void calls.push('shutdown')),
  };
  const sampler = createSampler({ policy: { source: 'file', rules: parsed.rules } });
  const processor = new TailProcessor(next, sampler, limits, clock);
  const start = (...all: OtelSpan[]) => all.forEach((one) => processor.onStart(one, undefined));
  const end = (...all: OtelSpan[]) => all.forEach((one) => processor.onEnd(one));
  return { processor, out, calls, clock, start, end };
}

describe('the tail sampler', () => {
  it('drops a probe with everything below it, also under a parent in another process', () => {
    const { out, start, end, processor } = setUp();
    for (const root of [span(1), span(2, { remote: true })]) {
      const child = span(root.spanContext().traceId === '2'.padStart(32, '0') ? 2 : 1, {
        name: 'db',
        kind: 2,
        attributes: {},
        parent: root,
      });
      start(root, child);
      end(child);
      assert.equal(out.length, 0);
      end(root);
    }
    assert.equal(out.length, 0);
    assert.deepEqual(
      [processor.counts().sampledOut, processor.counts().seen, processor.counts().kept],
      [4, 2, 0],
    );
  });

  for (const [what, input] of [
    ['LLM work', { attributes: { 'gen_ai.request.model': 'm' } }],
    ['an error', { error: true }],
    ['a span kept by hand', { attributes: { 'manual.keep': true } }],
  ] as const) {
    it(`L9: gives on a probe whole when there is ${what} below it, in the order of ending`, () => {
      const { out, start, end } = setUp();
      const root = span(1);
      const child = span(1, { name: 'call', kind: 2, attributes: {}, parent: root, ...input });
      start(root, child);
      end(child, root);
      assert.deepEqual(out, [child, root]);
    });
  }

  it('a late span follows its dropped trace, unless it is protected', () => {
    const { out, start, end } = setUp();
    const root = span(1);
    start(root);
    end(root);
    const late = span(1, { kind: 0, attributes: {}, parent: root });
    start(late);
    end(late);
    assert.deepEqual(out, []);
    const failed = span(1, { kind: 0, attributes: {}, parent: root, error: true });
    start(failed);
    end(failed);
    assert.deepEqual(out, [failed]);
  });

  it('kept noise says with what probability it was kept, and the span itself stays as it was', () => {
    const { out, start, end } = setUp([{ noise: 'health', sample_rate: 0.25 }]);
    const state = new Map([['ot', 'rv:abc;th:8']]);
    const traceState: OtelTraceState = {
      get: (key) => state.get(key),
      set: (key, value) => ({ ...traceState, serialize: () => `${key}=${value},dd=s:1` }),
      unset: () => traceState,
      serialize: () => 'dd=s:1,ot=rv:abc;th:8',
    };
    const kept: string[] = [];
    for (let trace = 1; trace <= 400; trace += 1) {
      const probe = trace % 2 === 0 ? span(trace * 7919) : span(trace * 7919, { traceState });
      start(probe);
      end(probe);
      const last = out.at(-1);
      if (last === undefined || last.spanContext().spanId !== probe.spanContext().spanId) continue;
      kept.push(String(last.spanContext().traceState?.serialize()));
      assert.equal(last.name, 'GET /health');
      assert.equal(probe.spanContext().traceState?.get('ot'), trace % 2 === 0 ? undefined : 'rv:abc;th:8');
    }
    // Kept with 1/4: 3/4 of 2^56 is rejected; after an earlier 1/2 it is 7/8.
    assert.deepEqual([...new Set(kept)].sort(), ['ot=th:c', 'ot=th:e;rv:abc,dd=s:1']);
    assert.ok(kept.length > 60 && kept.length < 140, String(kept.length));
  });

  it('holds at most so many traces: the oldest is kept and counted, and its open spans follow', () => {
    const { out, start, end, processor } = setUp(undefined, { maxTraces: 2 });
    const [one, two, three] = [span(1), span(2), span(3)];
    start(one, two);
    assert.equal(processor.counts().overflowed, 0);
    start(three);
    assert.equal(processor.counts().overflowed, 1);
    end(one, two, three);
    assert.deepEqual(out, [one]);
  });

  it('a trace that was kept because of a bound stays kept, another local root of it included', () => {
    const { out, start, end } = setUp(undefined, { maxTraces: 1 });
    const [one, two] = [span(1), span(2)];
    start(one, two);
    const again = span(1, { remote: true });
    start(again);
    end(again);
    assert.deepEqual(out, [again]);
  });

  it('holds at most so many spans, open ones included', () => {
    const { out, start, end, processor } = setUp(undefined, { maxSpans: 3 });
    const root = span(1);
    const children = [span(1, { parent: root }), span(1, { parent: root })];
    start(root, ...children);
    end(...children);
    assert.equal(processor.counts().overflowed, 0);
    const other = span(2);
    start(other);
    assert.equal(processor.counts().overflowed, 1);
    assert.deepEqual(out, children);
    end(root, other);
    assert.deepEqual(out, [...children, root]);
  });

  it('keeps what waits too long', (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    const { out, start, end, processor, clock } = setUp(undefined, { maxAgeMs: 1000 });
    const root = span(1);
    const child = span(1, { parent: root });
    start(root, child);
    end(child);
    clock.nowMs = 999;
    context.mock.timers.tick(999);
    assert.equal(processor.counts().overflowed, 0);
    clock.nowMs = 1000;
    context.mock.timers.tick(1);
    assert.equal(processor.counts().overflowed, 1);
    assert.deepEqual(out, [child]);
  });

  it('flushes and shuts down with what has ended kept; afterwards spans pass through', async () => {
    const { out, calls, start, end, processor } = setUp();
    const [root, open] = [span(1), span(2)];
    const child = span(1, { parent: root });
    start(root, child, open);
    end(child);
    await processor.forceFlush();
    assert.deepEqual(out, [child]);
    end(root);
    await processor.shutdown();
    const after = span(3);
    start(after);
    end(after);
    assert.deepEqual(out, [child, root, after]);
    assert.deepEqual(calls, ['forceFlush', 'shutdown']);
  });
});
