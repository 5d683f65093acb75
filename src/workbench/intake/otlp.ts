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

// google.rpc.Code
const INVALID_ARGUMENT = 3;
const UNAVAILABLE = 14;

function encodingOf({ request }: Call): OtlpEncoding | undefined {
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/x-protobuf') return 'protobuf';
  return type === 'application/json' ? 'json' : undefined;
}

/** OTLP/HTTP for traces, in both encodings. Source: opentelemetry.io/docs/specs/otlp, "OTLP/HTTP". */
export function otlpRoutes(intake: Intake): readonly Route[] {
  const { limits } = intake;
  return [
    {
      template: '/v1/traces',
      methods: ['POST'],
      handle: async (call) => {
        const encoding = encodingOf(call);
        const receipt = await accept(intake, call.request, {
          kind: 'spans',
          source: 'otlp',
          decode: (body) => {
            if (encoding === undefined) {
              throw new HttpError(415, 'content-type is application/x-protobuf or application/json');
            }
            return encoding === 'json'
              ? decodeTraceRequestJson(parseJson(body, limits, true), limits)
              : decodeTraceRequest(body, limits);
          },
        });
        const used = encoding ?? 'json';
        const body = encodeTraceResponse(used, receipt.rejected, receipt.reasons.join('; '));
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
    },
  ];
}
