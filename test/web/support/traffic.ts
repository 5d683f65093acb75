import { encode } from '@msgpack/msgpack';

/** Numbers that are the same in every run: a small linear congruential generator. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export interface SentTrace {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Decimal, of the span that calls the model. */
  readonly llmSpanId: string;
}

const FIELDS = ['licence', 'author', 'repository', 'engines', 'homepage', 'version'] as const;
const PACKAGES = ['pino', 'vite', 'fastify', 'preact', 'undici', 'valibot', 'kafkajs', 'commander'] as const;
const MODELS = ['gpt-4o-mini', 'gpt-4o', 'claude-3-5-haiku'] as const;
const SYSTEM =
  'You extract one field from the documentation of a package. Answer with the value alone, or with "unknown".';
const PASSAGE =
  'MIT License. Copyright (c) the authors. Permission is hereby granted, free of charge, to any person obtaining a copy.';
const ANSWER =
  'The licence is **MIT**.\n\n- stated in `package.json`\n- repeated in the file LICENSE\n\n```json\n{ "licence": "MIT" }\n```';
/** A picture in a prompt, of which nobody wants to read the base64. */
const PICTURE = `data:image/png;base64,${'iVBORw0KGgoAAAANSUhEUgAA'.repeat(60)}`;

type Span = Record<string, unknown>;

interface Part {
  readonly name: string;
  readonly kind: string;
  readonly parent: number;
  readonly at: number;
  readonly ms: number;
  readonly resource?: string;
  readonly service?: string;
}

/** One request of a service that extracts fields: as Datadog's tracer sends it, with its LLM spans, evaluations and logs. */
function requestOf(n: number, startMs: number, random: () => number) {
  const slow = random() ** 4 * 9 + 0.6;
  const failed = n % 11 === 7;
  const field = FIELDS[n % FIELDS.length]!;
  const about = PACKAGES[n % PACKAGES.length]!;
  const low = 10_000_000_000_000n + BigInt(n) * 7_919_000_003n;
  const high = BigInt(Math.floor(startMs / 1000)) << 32n;
  const traceId = ((high << 64n) | low).toString(16).padStart(32, '0');
  const parts: readonly Part[] = [
    {
      name: 'web.request',
      kind: '',
      parent: -1,
      at: 0,
      ms: 860,
      resource: 'POST /extract',
      service: 'extraction',
    },
    { name: 'workflow.field_extraction', kind: 'workflow', parent: 0, at: 14, ms: 820, resource: about },
    { name: 'search', kind: 'retrieval', parent: 1, at: 20, ms: 96 },
    {
      name: 'opensearch.query',
      kind: '',
      parent: 2,
      at: 24,
      ms: 78,
      resource: 'POST /packages/_search',
      service: 'opensearch',
    },
    { name: 'task.extract_field', kind: 'task', parent: 1, at: 124, ms: 560, resource: field },
    { name: 'chat', kind: 'llm', parent: 4, at: 132, ms: 430 },
    {
      name: 'http.request',
      kind: '',
      parent: 5,
      at: 138,
      ms: 415,
      resource: 'POST /v1/chat/completions',
      service: 'openai',
    },
    { name: 'read_manifest', kind: 'tool', parent: 4, at: 574, ms: 42, resource: 'package.json' },
    {
      name: 'pg.query',
      kind: '',
      parent: 1,
      at: 702,
      ms: 64,
      resource: 'INSERT INTO results',
      service: 'postgres',
    },
    { name: 'redis.command', kind: '', parent: 1, at: 772, ms: 18, resource: 'SET', service: 'redis' },
  ];
  const id = (i: number): bigint => low * 16n + BigInt(i) + 1n;
  const ns = (ms: number): bigint => BigInt(Math.round(ms * 1e6));
  const apm: Span[] = parts.map((part, i) => ({
    trace_id: low,
    span_id: id(i),
    parent_id: part.parent < 0 ? 0n : id(part.parent),
    service: part.service ?? 'extraction',
    name: part.name,
    resource: part.resource ?? part.name,
    type: i === 0 ? 'web' : '',
    start: BigInt(Math.round(startMs)) * 1_000_000n + ns(part.at * slow),
    duration: ns(part.ms * slow),
    error: failed && (i === 5 || i === 0) ? 1 : 0,
    meta: {
      ...(i === 0
        ? {
            '_dd.p.tid': high.toString(16).padStart(16, '0'),
            'http.method': 'POST',
            'http.route': '/extract',
            'http.status_code': failed ? '502' : '200',
            env: 'production',
            version: '1.4.2',
          }
        : {}),
      ...(failed && i === 5
        ? { 'error.type': 'RateLimitError', 'error.message': '429 The server is busy; try again in 2 s' }
        : {}),
    },
    metrics: { _sampling_priority_v1: 1 },
  }));
  const llmTrace = (low * 31n).toString(16).padStart(32, '1');
  const tokens = 640 + Math.floor(random() * 900);
  const answered = 8 + Math.floor(random() * 60);
  const llm = parts.flatMap((part, i) => {
    if (part.kind === '') return [];
    const parent = parts[part.parent]?.kind === '' ? 'undefined' : String(id(part.parent));
    const io: Record<string, Span> = {
      workflow: {
        input: { value: `{"package":"${about}","field":"${field}"}` },
        output: { value: failed ? '' : 'MIT' },
      },
      task: { input: { value: field }, output: { value: failed ? '' : 'MIT' } },
      retrieval: {
        input: { value: `${about} ${field}` },
        output: {
          documents: [
            { name: 'LICENSE', score: 0.91, text: PASSAGE, id: `${about}/LICENSE` },
            {
              name: 'README.md',
              score: 0.64,
              text: `${about} is released under the MIT licence.`,
              id: `${about}/README`,
            },
          ],
        },
      },
      tool: { input: { value: '{"path":"package.json"}' }, output: { value: '{"license":"MIT"}' } },
      llm: {
        input: {
          messages: [
            { role: 'system', content: SYSTEM },
            {
              role: 'user',
              content: `Package: ${about}. Field: ${field}.\n\n${PASSAGE}${n % 5 === 0 ? `\n\n${PICTURE}` : ''}`,
            },
          ],
        },
        output: {
          messages: failed
            ? []
            : [
                {
                  role: 'assistant',
                  content: ANSWER,
                  tool_calls: [
                    { name: 'read_manifest', tool_id: 'call_1', arguments: { path: 'package.json' } },
                  ],
                },
              ],
        },
      },
    };
    const model = MODELS[n % MODELS.length]!;
    return [
      {
        trace_id: llmTrace,
        span_id: String(id(i)),
        parent_id: parent,
        name: part.name,
        start_ns: Number(BigInt(Math.round(startMs)) * 1_000_000n + ns(part.at * slow)),
        duration: Number(ns(part.ms * slow)),
        status: failed && part.kind === 'llm' ? 'error' : 'ok',
        tags: ['ml_app:field-extraction', 'env:production', `field_name:${field}`],
        meta: {
          'span.kind': part.kind,
          ...io[part.kind],
          ...(part.kind === 'llm'
            ? {
                model_name: model,
                model_provider: model.startsWith('claude') ? 'anthropic' : 'openai',
                metadata: { temperature: 0, max_tokens: 200 },
              }
            : {}),
        },
        metrics:
          part.kind === 'llm'
            ? {
                input_tokens: tokens,
                output_tokens: answered,
                total_tokens: tokens + answered,
                ...(model === 'gpt-4o-mini' ? { total_cost: tokens * 1.5e-7 + answered * 6e-7 } : {}),
              }
            : {},
        _dd: { apm_trace_id: traceId },
      },
    ];
  });
  return {
    apm,
    llm,
    llmTrace,
    traceId,
    failed,
    field,
    startMs,
    slow,
    llmSpanId: String(id(5)),
    workflowId: String(id(1)),
    hex: (i: number) => id(i).toString(16).padStart(16, '0'),
  };
}

type Request = ReturnType<typeof requestOf>;

function evaluationsOf(request: Request, n: number, random: () => number): Span[] {
  if (request.failed) return [];
  const base = {
    ml_app: 'field-extraction',
    timestamp_ms: Math.round(request.startMs + 900),
    join_on: { span: { trace_id: request.llmTrace, span_id: request.workflowId } },
  };
  const heuristic = Math.min(1, Math.round((0.42 + random() * 0.62) * 100) / 100);
  const judged = heuristic < 0.7;
  const skipped = judged && n % 6 === 1;
  const score = judged ? Math.round((0.35 + random() * 0.6) * 100) / 100 : heuristic;
  const tags = [`field_name:${request.field}`];
  const metadata = {
    'keepspan.recall_id': request.traceId.slice(16),
    threshold: 0.7,
    heuristic_score: heuristic,
    heuristic_method: 'salient-facts',
  };
  const judge = {
    judged_because: 'below_threshold',
    judge_model: 'gpt-4o-mini',
    judge_tokens: 812,
    judge_cost_usd: 0.000_14,
    judge_cached: false,
    judge_prompt_version: 'v3',
  };
  const recall = skipped
    ? {
        ...base,
        label: 'context_recall_decision',
        metric_type: 'categorical',
        categorical_value: 'skipped:judge_timeout',
        tags: [...tags, 'decision:skipped:judge_timeout'],
        metadata,
      }
    : {
        ...base,
        label: 'context_recall',
        metric_type: 'score',
        score_value: score,
        assessment: score >= 0.7 ? 'pass' : 'fail',
        reasoning: judged
          ? `The context names the ${request.field}, but ${score >= 0.7 ? 'only in passing; it is enough to answer from' : 'the passage that states it was cut off before the value'}.`
          : `All 3 salient facts of the answer are in the context.`,
        tags: [...tags, judged ? 'decision:judge' : 'decision:heuristic'],
        metadata: judged ? { ...metadata, ...judge } : metadata,
      };
  const audit =
    !judged && n % 9 === 0
      ? [
          {
            ...base,
            label: 'context_recall_audit',
            metric_type: 'score',
            score_value: n % 18 === 0 ? 0.4 : 0.9,
            assessment: n % 18 === 0 ? 'fail' : 'pass',
            reasoning: 'Asked at random to see what the heuristic lets pass.',
            tags: [...tags, 'decision:judge'],
            metadata: { ...metadata, ...judge, judged_because: 'audit' },
          },
        ]
      : [];
  return [
    recall,
    ...audit,
    { ...base, label: 'answered', metric_type: 'boolean', boolean_value: random() > 0.12, tags },
    {
      ...base,
      label: 'answer_format',
      metric_type: 'categorical',
      categorical_value: ['exact', 'close', 'wrong'][Math.floor(random() ** 2 * 3)],
      tags,
    },
  ];
}

function logsOf(request: Request): string[] {
  const line = (i: number, at: number, level: string, msg: string, more: Span = {}): string =>
    JSON.stringify({
      level,
      time: Math.round(request.startMs + at * request.slow),
      msg,
      service: 'extraction',
      trace_id: request.traceId,
      span_id: request.hex(i),
      ...more,
    });
  return [
    line(0, 4, 'info', 'request received', { method: 'POST', url: '/extract' }),
    line(2, 110, 'debug', '2 passages found', { retrieved: 2, limit: 8 }),
    ...(request.failed
      ? [line(5, 540, 'warn', 'model is busy, not retried'), line(4, 560, 'error', 'extraction failed: 429')]
      : [line(4, 640, 'info', `${request.field} extracted`)]),
  ];
}

async function post(url: string, body: Uint8Array<ArrayBuffer> | string, contentType: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': contentType },
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
}

/** Sends `count` requests' worth of signals to a workbench, the last of them just now. */
export async function sendTraffic(url: string, count: number, seed = 7): Promise<readonly SentTrace[]> {
  const random = createRandom(seed);
  const endMs = Date.now() - 4000;
  const requests = Array.from({ length: count }, (_, n) =>
    requestOf(n, endMs - (count - 1 - n) * 11_000 + random() * 6000, random),
  );
  await post(
    `${url}/v0.4/traces`,
    encode(
      requests.map(({ apm }) => apm),
      { useBigInt64: true },
    ),
    'application/msgpack',
  );
  await post(
    `${url}/evp_proxy/v2/api/v2/llmobs`,
    JSON.stringify(requests.map(({ llm }) => ({ spans: llm }))),
    'application/json',
  );
  const metrics = requests.flatMap((request, n) => evaluationsOf(request, n, random));
  await post(
    `${url}/api/intake/llm-obs/v2/eval-metric`,
    JSON.stringify({ data: { type: 'evaluation_metric', attributes: { metrics } } }),
    'application/json',
  );
  await post(`${url}/api/logs`, requests.flatMap(logsOf).join('\n'), 'application/x-ndjson');
  return requests.map(({ traceId, llmSpanId }) => ({ traceId, llmSpanId }));
}

/** One trace of many spans: a loop that a service ran once too often. Returns its id. */
export async function sendLargeTrace(url: string, spans: number): Promise<string> {
  const low = 99_000_000_000_001n;
  const start = BigInt(Date.now() - 60_000) * 1_000_000n;
  const all = Array.from({ length: spans }, (_, i) => {
    const parent = i === 0 ? -1 : Math.floor((i - 1) / 12);
    return {
      trace_id: low,
      span_id: low * 100_000n + BigInt(i),
      parent_id: parent < 0 ? 0n : low * 100_000n + BigInt(parent),
      service: 'batch',
      name: i === 0 ? 'batch.run' : `step.${i % 7}`,
      resource: `item ${i}`,
      type: '',
      start: start + BigInt(i) * 100_000n,
      duration: i === 0 ? 6_000_000_000n : 40_000_000n,
      error: 0,
      meta: { item: String(i) },
      metrics: {},
    };
  });
  const portion = 15_000;
  for (let i = 0; i < spans; i += portion) {
    await post(
      `${url}/v0.4/traces`,
      encode([all.slice(i, i + portion)], { useBigInt64: true }),
      'application/msgpack',
    );
  }
  return low.toString(16).padStart(32, '0');
}
