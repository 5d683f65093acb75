import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Ledger } from '../../src/contracts/ledger.ts';
import { decodeTraceRequest } from '../../src/wire/otlp/protobuf.ts';
import { startOtlpReceiver, within, type OtlpReceiver } from './receiver.ts';
import { runFixture, withJournal } from './support.ts';

const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
const LIMITS = { maxItems: 10_000, maxContainers: 100_000, maxDepth: 32, maxValues: 1_000_000 };

interface Said {
  readonly kept: readonly boolean[];
  readonly span: { readonly traceId: string; readonly spanId: string };
  readonly ledger: Ledger;
  readonly status: string;
  readonly reasons: readonly string[];
  readonly own: readonly string[];
}

interface Arrived {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string;
  readonly service: string;
  readonly error: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly {
    readonly name: string;
    readonly attributes: Readonly<Record<string, unknown>>;
  }[];
  readonly statusMessage: string | undefined;
}

function arrivedAt(receiver: OtlpReceiver): Arrived[] {
  return receiver.requests
    .filter(({ path }) => path === '/v1/traces')
    .flatMap(({ body }) => decodeTraceRequest(body, LIMITS).items)
    .map(({ detail, ...item }) => ({
      ...item,
      ...(JSON.parse(detail) as Pick<Arrived, 'attributes' | 'events' | 'statusMessage'>),
    }));
}

async function runWrappers(from: string, env: Readonly<Record<string, string>> = {}) {
  return withJournal(async (journal) => {
    const receiver = await startOtlpReceiver();
    try {
      const ended = await runFixture('wrappers.mjs', [from, receiver.url], journal, {
        DD_SERVICE: 'shop',
        ...env,
      });
      assert.equal(ended.code, 0, ended.stderr);
      return {
        receiver,
        arrived: arrivedAt(receiver),
        stderr: ended.stderr,
        said: JSON.parse(ended.stdout) as Said,
      };
    } finally {
      await receiver.close();
    }
  });
}

const NAMES = [
  'invoke_workflow workflow.extract',
  'prepare',
  'retrieval search',
  'execute_tool price',
  'broken',
  'chat gpt-4o',
];

describe('stack otlp', { concurrency: 4 }, () => {
  test('without a provider: spans by the SDK that is installed, with current names, in one tree', async () => {
    const { arrived, said, stderr } = await runWrappers('none');
    const byName = new Map(arrived.map((span) => [span.name, span]));
    assert.deepEqual(
      arrived
        .map(({ name }) => name)
        .filter((name) => !name.startsWith('evaluation'))
        .sort(),
      [...NAMES, 'POST'].sort(),
    );
    const root = byName.get(NAMES[0]!)!;
    for (const name of NAMES.slice(1)) {
      assert.equal(byName.get(name)!.parentId, root.spanId, name);
      assert.equal(byName.get(name)!.traceId, root.traceId, name);
    }
    const chat = byName.get('chat gpt-4o')!;
    assert.equal(byName.get('POST')!.parentId, chat.spanId);
    assert.equal(chat.service, 'shop');
    assert.deepEqual(chat.attributes, {
      'keepspan.span.kind': 'llm',
      'gen_ai.operation.name': 'chat',
      'gen_ai.request.model': 'gpt-4o',
      'gen_ai.provider.name': 'openai',
      'gen_ai.input.messages': '[{"role":"user","parts":[{"type":"text","content":"what is it?"}]}]',
      'gen_ai.output.messages': '[{"role":"assistant","parts":[{"type":"text","content":"forty-two"}]}]',
      'gen_ai.usage.input_tokens': 11,
      'gen_ai.usage.output_tokens': 7,
      'keepspan.metric.total_tokens': 18,
      'gen_ai.request.temperature': 0.5,
      'keepspan.metadata.note': 'private',
      field: 'publisher',
    });
    assert.deepEqual(byName.get('execute_tool price')!.attributes, {
      'keepspan.span.kind': 'tool',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'price',
      'gen_ai.tool.call.arguments': '{"item":"book"}',
      'gen_ai.tool.call.result': '{"item":"book","cents":100}',
    });
    assert.equal(byName.get('retrieval search')!.attributes['gen_ai.retrieval.query.text'], 'what is it?');
    assert.equal(byName.get('broken')!.error, true);
    assert.equal(byName.get('broken')!.attributes['error.type'], 'RangeError');
    assert.deepEqual(said.kept, [true, true, true, false]);
    assert.deepEqual([said.status, said.reasons], ['ok', []]);
    assert.match(stderr, /"stack":"otlp"/);
    assert.equal(said.span.traceId, chat.traceId);
    assert.equal(BigInt(said.span.spanId), BigInt(`0x${chat.spanId}`));
    const { spans, llmSpans, evaluations } = said.ledger;
    assert.deepEqual([llmSpans.created, llmSpans.delivered], [4, 4]);
    assert.deepEqual([spans.created, spans.delivered], [3, 3]);
    assert.deepEqual(
      [evaluations.created, evaluations.delivered, evaluations.dropped],
      [4, 3, { invalid: 1 }],
    );
    for (const kind of [spans, llmSpans, evaluations]) assert.equal(kind.unaccounted, 0);
  });

  test('an evaluation is the event gen_ai.evaluation.result on a span below the judged one', async () => {
    const { arrived } = await runWrappers('none');
    const chat = arrived.find(({ name }) => name === 'chat gpt-4o')!;
    const recall = arrived.find(({ name }) => name === 'evaluation recall')!;
    assert.deepEqual([recall.traceId, recall.parentId], [chat.traceId, chat.spanId]);
    const [event] = recall.events;
    assert.equal(event!.name, 'gen_ai.evaluation.result');
    const { 'keepspan.evaluation.tags': tags, ...attributes } = event!.attributes;
    assert.deepEqual(attributes, {
      'gen_ai.evaluation.name': 'recall',
      'gen_ai.evaluation.score.value': 0.5,
      'gen_ai.evaluation.score.label': 'fail',
      'gen_ai.evaluation.explanation': 'half of it',
    });
    assert.ok((tags as string[]).includes('by:rule'));
    const results = Object.fromEntries(
      arrived
        .flatMap(({ events }) => events)
        .filter(({ name }) => name === 'gen_ai.evaluation.result')
        .map(({ attributes: a }) => [
          a['gen_ai.evaluation.name'],
          [a['gen_ai.evaluation.score.value'], a['gen_ai.evaluation.score.label']],
        ]),
    );
    assert.deepEqual(results, { recall: [0.5, 'fail'], topic: [undefined, 'books'], grounded: [1, 'true'] });
  });

  test('or a log record, where that is asked for', async () => {
    const { receiver, arrived, said } = await runWrappers('none', { KEEPSPAN_OTLP_EVALUATIONS: 'log' });
    assert.ok(!arrived.some(({ name }) => name.startsWith('evaluation')));
    const records = receiver.requests
      .filter(({ path }) => path === '/v1/logs')
      .flatMap(({ body }) => within(body, 1).flatMap((r) => within(r, 2).flatMap((s) => within(s, 2))));
    assert.equal(records.length, 3);
    for (const record of records) {
      // logs.proto: event_name 12, trace_id 9, span_id 10.
      assert.deepEqual(within(record, 12).map(String), ['gen_ai.evaluation.result']);
      assert.deepEqual(
        within(record, 9).map((id) => id.toString('hex')),
        [said.span.traceId],
      );
      assert.deepEqual(
        within(record, 10).map((id) => BigInt(`0x${id.toString('hex')}`).toString()),
        [said.span.spanId],
      );
    }
    assert.equal(said.ledger.evaluations.delivered, 3);
  });

  for (const from of FULL ? ['before', 'after', 'processor'] : ['after', 'processor']) {
    test(`each span once, and the application's own processor unharmed: provider ${from}`, async () => {
      const { arrived, said } = await runWrappers(from);
      const rounds = from === 'after' ? 2 : 1;
      const expected = Array.from({ length: rounds }, () => [...NAMES, 'POST'])
        .flat()
        .sort();
      const names = arrived.map(({ name }) => name).filter((name) => !name.startsWith('evaluation'));
      assert.deepEqual(names.sort(), expected);
      assert.deepEqual([...said.own].sort(), [...NAMES, 'POST'].sort());
      assert.deepEqual([said.status, said.reasons], ['ok', []]);
    });
  }

  test('content that may not be kept is in no span', async () => {
    const { receiver, arrived } = await runWrappers('none', { KEEPSPAN_CAPTURE_CONTENT: 'none' });
    const all = Buffer.concat(receiver.requests.map(({ body }) => body)).toString('latin1');
    for (const text of [
      'what is it?',
      'forty-two',
      'WHAT IS IT',
      'secret text',
      'private',
      'half of it',
      'cents',
      'book"',
    ])
      assert.ok(!all.includes(text), text);
    const chat = arrived.find(({ name }) => name === 'chat gpt-4o')!;
    assert.equal(chat.attributes['gen_ai.usage.input_tokens'], 11);
    assert.equal(arrived.find(({ name }) => name === 'broken')!.attributes['error.type'], 'RangeError');
  });
});
