import { decodeMsgpack } from '../../wire/datadog/decode-msgpack.ts';
import type { Fields } from '../../wire/datadog/decode-values.ts';
import { decodeTracesV04, decodeTracesV05 } from '../../wire/datadog/decode-traces.ts';
import { scanTraces } from '../../wire/datadog/scan-traces.ts';
import { discardBody } from '../http/body.ts';
import { HttpError } from '../http/http-error.ts';
import { parseJson } from '../http/json.ts';
import { type Call, jsonReply, type Reply, type Route } from '../http/route.ts';
import { accept, type Intake, type Receipt, type Shape } from './accept.ts';
import { datadogLogRows, jsonLineRows, type LogOptions } from './json-logs.ts';
import { maskDatadogDetail } from './mask.ts';
import { evaluationRows, llmRows } from './rows.ts';
import { statsRows } from './stats.ts';

/** The sampling rates a tracer is told: everything, because Keepspan decides on whole traces later. */
const RATES = { rate_by_service: { 'service:,env:': 1 } } as const;

const POST = ['POST', 'PUT'] as const;
const EVP_VERSION = /^v[1-4]$/;
const EVAL_VERSION = /^v[12]$/;

/** A payload of which nothing could be used is an error, so that a sender that splits batches finds the bad item. */
function refuseEmpty(receipt: Receipt): Receipt {
  if (receipt.accepted === 0 && receipt.rejected > 0) {
    throw new HttpError(400, `all ${receipt.rejected} items were rejected: ${receipt.reasons.join('; ')}`);
  }
  return receipt;
}

function traces(intake: Intake, version: '3' | '4' | '5'): Route {
  const { limits, masked } = intake;
  const shapeFor = ({ request }: Call): Shape => ({
    kind: 'spans',
    source: 'datadog',
    decode: (body) => {
      const isJson = version !== '5' && (request.headers['content-type']?.includes('json') ?? false);
      // What is masked has to be read first.
      const scanned = isJson || masked || version === '5' ? undefined : scanTraces(body, limits);
      if (scanned !== undefined) return { scanned, rejected: 0, reasons: [] };
      const payload = isJson ? parseJson(body, limits, true) : decodeMsgpack(body, limits);
      const { items, rejected, reasons } =
        version === '5' ? decodeTracesV05(payload, limits) : decodeTracesV04(payload, limits);
      const spans = masked
        ? items.map((item) => ({
            ...item,
            detail: JSON.stringify(maskDatadogDetail(JSON.parse(item.detail) as Fields)),
          }))
        : items;
      return { spans, rejected, reasons };
    },
  });
  return {
    template: `/v0.${version}/traces`,
    methods: POST,
    area: 'intake',
    handle: async (call) => {
      refuseEmpty(await accept(intake, call.request, shapeFor(call)));
      return jsonReply(200, RATES);
    },
  };
}

function events(intake: Intake, template: string, shape: Shape): Route {
  return {
    template,
    methods: POST,
    area: 'intake',
    handle: async ({ request, params }) => {
      const { evpVersion, apiVersion } = params;
      if (evpVersion !== undefined && !EVP_VERSION.test(evpVersion))
        throw new HttpError(404, 'evp_proxy is v1 to v4');
      if (apiVersion !== undefined && !EVAL_VERSION.test(apiVersion))
        throw new HttpError(404, 'eval-metric is v1 or v2');
      const { accepted, rejected, reasons, duplicate } = refuseEmpty(await accept(intake, request, shape));
      return jsonReply(202, { accepted, rejected, reasons, duplicate });
    },
  };
}

/** Traffic of an Agent's clients that carries no signal of ours: accepted, counted by route, not stored. */
function passThrough(intake: Intake, template: string): Route {
  return {
    template,
    methods: ['GET', ...POST],
    area: 'intake',
    handle: async ({ request }): Promise<Reply> => {
      await discardBody(request, intake.maxBodyBytes);
      intake.notes.pass(template);
      return jsonReply(200, {});
    },
  };
}

function logOptions({ limits, masked, wallMs }: Intake): LogOptions {
  return { nowMs: wallMs(), masked, parse: (text) => parseJson(Buffer.from(text), limits, true) };
}

/** Statistics: kept as rows, answered as an Agent does. */
function stats(intake: Intake): Route {
  const { limits } = intake;
  const shape: Shape = {
    kind: 'stats',
    source: 'datadog',
    decode: (body) => statsRows(decodeMsgpack(body, limits), limits),
  };
  return {
    template: '/v0.6/stats',
    methods: POST,
    area: 'intake',
    handle: async ({ request }) => {
      refuseEmpty(await accept(intake, request, shape));
      return jsonReply(200, {});
    },
  };
}

/** `POST /api/logs`: what an application prints, line by line. Beside the reading route of the same path. */
export function takeLogLines(intake: Intake): (call: Call) => Promise<Reply> {
  const shape: Shape = {
    kind: 'logs',
    source: 'datadog',
    decode: (body) => jsonLineRows(body, intake.limits, logOptions(intake)),
  };
  return async ({ request }) => {
    const { accepted, rejected, reasons, duplicate } = refuseEmpty(await accept(intake, request, shape));
    return jsonReply(202, { accepted, rejected, reasons, duplicate });
  };
}

const INFO = {
  version: '7.99.0',
  endpoints: [
    '/v0.3/traces',
    '/v0.4/traces',
    '/v0.5/traces',
    '/v0.6/stats',
    '/v0.7/config',
    '/telemetry/proxy/',
    '/dogstatsd/v2/proxy',
    '/profiling/v1/input',
    '/evp_proxy/v1/',
    '/evp_proxy/v2/',
    '/evp_proxy/v3/',
    '/evp_proxy/v4/',
  ],
  client_drop_p0s: false,
  span_meta_structs: true,
  span_events: true,
} as const;

/** The routes of a Datadog Agent, and of the LLM Observability intake for agentless senders. */
export function datadogRoutes(intake: Intake): readonly Route[] {
  const { limits, masked } = intake;
  const llmSpans: Shape = {
    kind: 'llmSpans',
    source: 'datadog',
    decode: (body) => llmRows(parseJson(body, limits, false), limits, masked),
  };
  const evaluations: Shape = {
    kind: 'evaluations',
    source: 'datadog',
    decode: (body) => evaluationRows(parseJson(body, limits, false), limits, masked),
  };
  const logs: Shape = {
    kind: 'logs',
    source: 'datadog',
    decode: (body) => datadogLogRows(parseJson(body, limits, true), limits, logOptions(intake)),
  };
  return [
    { template: '/info', methods: ['GET'], area: 'intake', handle: () => jsonReply(200, INFO) },
    traces(intake, '3'),
    traces(intake, '4'),
    traces(intake, '5'),
    events(intake, '/api/v2/llmobs', llmSpans),
    events(intake, '/evp_proxy/{evpVersion}/api/v2/llmobs', llmSpans),
    events(intake, '/api/intake/llm-obs/{apiVersion}/eval-metric', evaluations),
    events(intake, '/evp_proxy/{evpVersion}/api/intake/llm-obs/{apiVersion}/eval-metric', evaluations),
    stats(intake),
    events(intake, '/api/v2/logs', logs),
    events(intake, '/v1/input', logs),
    passThrough(intake, '/v0.7/config'),
    passThrough(intake, '/telemetry/proxy/{rest}'),
    passThrough(intake, '/dogstatsd/{rest}'),
    passThrough(intake, '/profiling/{rest}'),
    passThrough(intake, '/evp_proxy/{rest}'),
  ];
}
