import { decodeTraceRequestJson } from '../../wire/otlp/json.ts';
import { decodeTraceRequest } from '../../wire/otlp/protobuf.ts';
import {
  encodeStatus,
  encodeTraceResponse,
  OTLP_CONTENT_TYPE,
  type OtlpEncoding,
} from '../../wire/otlp/response.ts';
import { HttpError } from '../http/http-error.ts';
import { parseJson } from '../http/json.ts';
import type { Call, Route } from '../http/route.ts';
import { accept, type Intake } from './accept.ts';
import { otlpLogRows } from './otlp-logs.ts';
import { type DecodedRows, otlpRows } from './rows.ts';

// google.rpc.Code
const INVALID_ARGUMENT = 3;
const UNAVAILABLE = 14;

function encodingOf({ request }: Call): OtlpEncoding | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/x-protobuf') return 'protobuf';
  return type === 'application/json' ? 'json' : undefined;
}

/** How one path reads its request. */
interface Signal {
  readonly template: string;
  readonly kind: 'spans' | 'logs';
  readonly decode: (body: Buffer, encoding: OtlpEncoding) => DecodedRows;
}

function route(intake: Intake, { template, kind, decode }: Signal): Route {
  return {
    template,
    methods: ['POST'],
    area: 'intake',
    handle: async (call) => {
      const encoding = encodingOf(call);
      const receipt = await accept(intake, call.request, {
        kind,
        source: 'otlp',
        decode: (body) => {
          if (encoding === undefined) {
            throw new HttpError(415, 'content-type is application/x-protobuf or application/json');
          }
          return decode(body, encoding);
        },
      });
      const used = encoding ?? 'json';
      const body = encodeResponse(used, kind, receipt.rejected, receipt.reasons.join('; '));
      return { status: 200, contentType: OTLP_CONTENT_TYPE[used], body };
    },
    fail: (call, error) => {
      const encoding = encodingOf(call) ?? 'json';
      const code = error.status >= 500 ? UNAVAILABLE : INVALID_ARGUMENT;
      return {
        status: error.status,
        contentType: OTLP_CONTENT_TYPE[encoding],
        body: encodeStatus(encoding, code, error.message),
        headers: error.headers,
      };
    },
  };
}

/** In protobuf the answers of traces and logs are the same; in JSON the count has its signal's name. */
function encodeResponse(
  encoding: OtlpEncoding,
  kind: 'spans' | 'logs',
  rejected: number,
  message: string,
): Uint8Array {
  if (encoding === 'protobuf' || kind === 'spans' || rejected === 0)
    return encodeTraceResponse(encoding, rejected, message);
  const partialSuccess = { rejectedLogRecords: String(rejected), errorMessage: message };
  return Buffer.from(JSON.stringify({ partialSuccess }));
}

/** OTLP/HTTP for traces and logs, in both encodings. Source: opentelemetry.io/docs/specs/otlp, "OTLP/HTTP". */
export function otlpRoutes(intake: Intake): readonly Route[] {
  const { limits, masked } = intake;
  return [
    route(intake, {
      template: '/v1/traces',
      kind: 'spans',
      decode: (body, encoding) =>
        otlpRows(
          encoding === 'json'
            ? decodeTraceRequestJson(parseJson(body, limits, true), limits)
            : decodeTraceRequest(body, limits),
          masked,
        ),
    }),
    route(intake, {
      template: '/v1/logs',
      kind: 'logs',
      decode: (body, encoding) =>
        otlpLogRows(
          encoding === 'json' ? { json: parseJson(body, limits, true) } : { protobuf: body },
          limits,
          { nowMs: intake.wallMs(), masked },
        ),
    }),
  ];
}
