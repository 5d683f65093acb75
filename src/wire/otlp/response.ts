import Pbf from 'pbf';

/** The two encodings of OTLP/HTTP. */
export type OtlpEncoding = 'protobuf' | 'json';

/** Media type of each encoding. */
export const OTLP_CONTENT_TYPE: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

/**
 * `ExportTraceServiceResponse`; `partialSuccess` only when spans were rejected, as the specification asks.
 */
export function encodeTraceResponse(
  encoding: OtlpEncoding,
  rejectedSpans: number,
  errorMessage: string,
): Uint8Array {
  if (encoding === 'json') {
    const body =
      rejectedSpans > 0 ? { partialSuccess: { rejectedSpans: String(rejectedSpans), errorMessage } } : {};
    return Buffer.from(JSON.stringify(body));
  }
  const pbf = new Pbf();
  if (rejectedSpans > 0) {
    pbf.writeMessage(
      1,
      (_, message) => {
        message.writeVarintField(1, rejectedSpans);
        message.writeStringField(2, errorMessage);
      },
      undefined,
    );
  }
  return pbf.finish();
}

/** `google.rpc.Status`, the body of every error answer of OTLP/HTTP. `code` is a gRPC status code. */
export function encodeStatus(encoding: OtlpEncoding, code: number, message: string): Uint8Array {
  if (encoding === 'json') return Buffer.from(JSON.stringify({ code, message }));
  const pbf = new Pbf();
  pbf.writeVarintField(1, code);
  pbf.writeStringField(2, message);
  return pbf.finish();
}
