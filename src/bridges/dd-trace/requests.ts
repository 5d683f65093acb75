import type { Custody } from '../../contracts/custody.ts';
import type { CapturedAnswer, CapturedRequest } from './intake-request.ts';
import type { WriterSink } from './writer-seams.ts';

interface Taking {
  readonly custody: Custody;
  readonly sink: WriterSink;
  readonly rates: () => string;
}

/** Who knows how many signals a payload holds, told that they are handed over. */
export interface RequestAccounts {
  /** @returns the spans in this payload */
  takeEncoded(request: CapturedRequest): number;
  takeBuffered(kind: 'llmSpans' | 'evaluations', count: number): void;
}

const OK: CapturedAnswer = { statusCode: 200, headers: {}, body: '{}' };
/** dd-trace drops what is refused, so what we could not keep is not refused: it is counted by custody. */
const TAKEN_FLAGS = { v04: 2, v05: 4 } as const;
const EMPTY_LIST = 0x90;

/** Takes a request of dd-trace's exporters into custody and answers as the Agent would. Never throws. */
export function takeRequest(
  request: CapturedRequest,
  taking: Taking,
  accounts: RequestAccounts | undefined,
): CapturedAnswer {
  const { path, body } = request;
  if (path.endsWith('/traces')) {
    takeTraces(request, taking, accounts);
    return { ...OK, body: `{"rate_by_service":${taking.rates()}}` };
  }
  try {
    if (path.endsWith('/llmobs')) takeEvents(body, taking, accounts);
    else takeMetrics(body, taking, accounts);
    return OK;
  } catch (error) {
    // Not the shape we know: dd-trace logs the refusal, and the ledger keeps showing the signals as in transit.
    return { statusCode: 400, headers: {}, body: String(error) };
  }
}

function takeTraces(
  request: CapturedRequest,
  { custody }: Taking,
  accounts: RequestAccounts | undefined,
): void {
  if (request.body.length === 1 && request.body[0] === EMPTY_LIST) return; // Our own probe.
  const spans = accounts?.takeEncoded(request) ?? 0;
  const flags = request.path.startsWith('/v0.5') ? TAKEN_FLAGS.v05 : TAKEN_FLAGS.v04;
  custody.take(
    'spans',
    request.body,
    spans,
    flags,
    JSON.stringify({ path: request.path, headers: datadogHeaders(request.headers) }),
  );
  custody.commit();
}

/** What the Agent needs to know about a payload; lengths and counts are made anew when it is delivered. */
function datadogHeaders(headers: Readonly<Record<string, unknown>>): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    const lower = name.toLowerCase();
    const ours = lower.startsWith('datadog-') || lower === 'content-type';
    if (ours && (typeof value === 'string' || typeof value === 'number')) kept[name] = String(value);
  }
  return kept;
}

/** Custody `wire`: the LLM writer's payload, one record an event. */
function takeEvents(body: Buffer, { sink }: Taking, accounts: RequestAccounts | undefined): void {
  const batches = parseList(body.toString('utf8'));
  for (const batch of batches) {
    const { spans } = batch as { readonly spans?: readonly Readonly<Record<string, unknown>>[] };
    for (const event of spans ?? []) {
      sink.llmSpan(event, true);
      accounts?.takeBuffered('llmSpans', 1);
    }
  }
}

function takeMetrics(body: Buffer, { sink }: Taking, accounts: RequestAccounts | undefined): void {
  const payload = JSON.parse(body.toString('utf8')) as {
    readonly data?: {
      readonly attributes?: { readonly metrics?: readonly Readonly<Record<string, unknown>>[] };
    };
  };
  for (const metric of payload.data?.attributes?.metrics ?? []) {
    sink.evaluation(metric);
    accounts?.takeBuffered('evaluations', 1);
  }
}

function parseList(text: string): readonly unknown[] {
  const parsed: unknown = JSON.parse(text);
  return Array.isArray(parsed) ? parsed : [parsed];
}
