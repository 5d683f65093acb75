import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Collector, type DecodeLimits, WireLimitError } from '../../wire/datadog/decode-error.ts';
import { isFields } from '../../wire/datadog/decode-values.ts';
import { decodeTraceRequestJson } from '../../wire/otlp/json.ts';
import { readBody } from '../http/body.ts';
import { HttpError } from '../http/http-error.ts';
import { parseJson } from '../http/json.ts';
import { type Call, jsonReply, type Reply, type Route } from '../http/route.ts';
import type { Intake } from '../intake/accept.ts';
import { linesOf } from '../intake/json-logs.ts';
import { otlpRows } from '../intake/rows.ts';
import type { Rows } from '../store/store.ts';
import { readItem } from './import-item.ts';
import { otlpLine } from './otlp-line.ts';
import { idsOf, oneOf, textOf } from './parameters.ts';

const CHUNK_CHARS = 64 * 1024;

async function writeLines(response: ServerResponse, lines: AsyncIterable<string>): Promise<void> {
  let chunk = '';
  const flush = async (): Promise<void> => {
    const isFull = !response.write(chunk);
    chunk = '';
    if (!isFull || response.destroyed) return;
    const done = new AbortController();
    const { signal } = done;
    try {
      await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
    } finally {
      done.abort();
    }
  };
  for await (const line of lines) {
    chunk += `${line}\n`;
    if (chunk.length >= CHUNK_CHARS) await flush();
    if (response.destroyed) return;
  }
  response.end(chunk);
}

function exportReply({ store }: Intake, { query }: Call): Reply {
  const format = oneOf(query, 'format', ['jsonl', 'otlp']) ?? 'jsonl';
  const trace = textOf(query, 'trace');
  const found = trace === undefined ? undefined : store.resolve(idsOf(trace, 'trace'));
  if (trace !== undefined && found === undefined) throw new HttpError(404, `trace ${trace} is not stored`);
  async function* lines(): AsyncGenerator<string> {
    for await (const item of store.export(found?.traceId)) {
      if (format === 'jsonl') yield JSON.stringify(item);
      else if (item.kind === 'span') yield otlpLine(item.row);
    }
  }
  const name = `keepspan-${found?.traceId ?? 'all'}.${format === 'jsonl' ? 'jsonl' : 'otlp.jsonl'}`;
  return {
    status: 200,
    contentType: 'application/x-ndjson',
    headers: { 'content-disposition': `attachment; filename="${name}"` },
    stream: (response) => writeLines(response, lines()),
  };
}

type Lists = { -readonly [K in keyof Rows]-?: NonNullable<Rows[K]>[number][] };

interface Read {
  readonly datadog: Lists;
  readonly otlp: Lists;
  readonly rejected: number;
  readonly reasons: readonly string[];
}

const emptyLists = (): Lists => ({ spans: [], llmSpans: [], evaluations: [], logs: [], stats: [] });

/** Lines of either format; a line that is neither is refused alone. */
function readLines(body: Buffer, limits: DecodeLimits, masked: boolean): Read {
  const out = new Collector<undefined>(limits.maxItems);
  const lists = { datadog: emptyLists(), otlp: emptyLists() };
  for (const line of linesOf(body)) {
    if (/^\s*$/.test(line.toString('latin1', 0, 64)) && line.length < 64) continue;
    try {
      const value = parseJson(line, limits, true);
      if (isFields(value) && value['resourceSpans'] !== undefined) {
        const decoded = otlpRows(decodeTraceRequestJson(value, limits), masked);
        lists.otlp.spans.push(...(decoded.spans ?? []));
        lists.otlp.llmSpans.push(...(decoded.llmSpans ?? []));
        lists.otlp.evaluations.push(...(decoded.evaluations ?? []));
        for (let i = 0; i < decoded.rejected; i += 1)
          out.reject(decoded.reasons[0] ?? 'a span cannot be used');
        for (const _ of decoded.spans ?? []) out.add(undefined);
      } else {
        readItem(value, lists, masked);
        out.add(undefined);
      }
    } catch (error) {
      if (error instanceof WireLimitError) throw error;
      out.reject((error as Error).message);
    }
  }
  return { ...lists, rejected: out.rejected, reasons: out.reasons };
}

async function importBody(intake: Intake, { request }: Call): Promise<Reply> {
  const { store, limits, masked } = intake;
  const body = await readBody(request, intake.maxBodyBytes, intake.budget);
  let read: Read;
  try {
    read = readLines(body, limits, masked);
  } catch (error) {
    throw new HttpError(413, (error as Error).message);
  }
  const { datadog, otlp, rejected, reasons } = read;
  const size = ({ spans, llmSpans, evaluations, logs }: Lists): number =>
    spans.length + llmSpans.length + evaluations.length + logs.length;
  const accepted = size(datadog) + size(otlp);
  if (accepted === 0)
    throw new HttpError(400, `nothing of it can be used: ${reasons.join('; ') || 'it is empty'}`);
  const common = { kind: 'spans', key: undefined } as const;
  if (size(otlp) > 0) store.insert({ ...otlp, ...common, source: 'otlp', rejected: 0 });
  store.insert({ ...datadog, ...common, source: 'datadog', rejected });
  return jsonReply(202, { accepted, rejected, reasons });
}

/** Taking everything out and putting it in again. */
export function transferRoutes(intake: Intake): readonly Route[] {
  return [
    { template: '/api/export', methods: ['GET'], handle: (call) => exportReply(intake, call) },
    { template: '/api/import', methods: ['POST'], handle: (call) => importBody(intake, call) },
  ];
}
