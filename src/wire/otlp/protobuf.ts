import { Collector, type Decoded, type DecodeLimits, WireLimitError } from '../datadog/decode-error.ts';
import { put, toJsonValue } from '../datadog/decode-values.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { emptySpan, type OtlpTraceSpan, type RawGroup, type RawSpan, shapeGroup } from './span.ts';

// Field numbers: opentelemetry-proto, opentelemetry/proto/trace/v1/trace.proto and common/v1/common.proto.

/** Reads an `AnyValue` as what JSON can hold; null when it has none. @throws what the reader throws */
export function readAnyValue(r: ProtobufReader): unknown {
  let value: unknown = null;
  r.message((field) => {
    if (field === 1) value = r.string();
    else if (field === 2) value = r.varint() !== 0;
    else if (field === 3) value = r.int64();
    else if (field === 4) value = toJsonValue(r.double());
    else if (field === 5) {
      const list: unknown[] = [];
      r.message((inner) => {
        if (inner === 1) list.push(readAnyValue(r));
      });
      value = list;
    } else if (field === 6) {
      const map: Record<string, unknown> = {};
      r.message((inner) => {
        if (inner === 1) readAttribute(r, map);
      });
      value = map;
    } else if (field === 7) value = toJsonValue(r.bytes());
  });
  return value;
}

/** Reads a `KeyValue` into `target`. @throws what the reader throws */
export function readAttribute(r: ProtobufReader, target: Record<string, unknown>): void {
  let key = '';
  let value: unknown = null;
  r.message((field) => {
    if (field === 1) key = r.string();
    else if (field === 2) value = readAnyValue(r);
  });
  put(target, key, value);
}

function event(r: ProtobufReader): unknown {
  const attributes: Record<string, unknown> = {};
  let timeNs = '0';
  let name = '';
  r.message((field) => {
    if (field === 1) timeNs = r.fixed64().toString();
    else if (field === 2) name = r.string();
    else if (field === 3) readAttribute(r, attributes);
  });
  return { timeNs, name, attributes };
}

function link(r: ProtobufReader): unknown {
  const attributes: Record<string, unknown> = {};
  let traceId = '';
  let spanId = '';
  r.message((field) => {
    if (field === 1) traceId = r.hex();
    else if (field === 2) spanId = r.hex();
    else if (field === 4) readAttribute(r, attributes);
  });
  return { traceId, spanId, attributes };
}

function readSpan(r: ProtobufReader): RawSpan {
  const span = emptySpan();
  r.message((field) => {
    switch (field) {
      case 1:
        span.traceId = r.hex();
        break;
      case 2:
        span.spanId = r.hex();
        break;
      case 3:
        span.traceState = r.string();
        break;
      case 4:
        span.parentId = r.hex();
        break;
      case 5:
        span.name = r.string();
        break;
      case 6:
        span.kind = r.varint();
        break;
      case 7:
        span.startNs = r.fixed64();
        break;
      case 8:
        span.endNs = r.fixed64();
        break;
      case 9:
        readAttribute(r, span.attributes);
        break;
      case 11:
        span.events.push(event(r));
        break;
      case 13:
        span.links.push(link(r));
        break;
      case 15:
        r.message((inner) => {
          if (inner === 2) span.statusMessage = r.string();
          else if (inner === 3) span.statusCode = r.varint();
        });
        break;
      default:
        break;
    }
  });
  return span;
}

function readScope(r: ProtobufReader): Record<string, unknown> {
  const scope: Record<string, unknown> = {};
  r.message((field) => {
    if (field === 1) scope['name'] = r.string();
    else if (field === 2) scope['version'] = r.string();
  });
  return scope;
}

/**
 * `ExportTraceServiceRequest` in protobuf.
 *
 * @throws Error when malformed; WireLimitError past a limit. Nothing is half read.
 */
export function decodeTraceRequest(bytes: Uint8Array, limits: DecodeLimits): Decoded<OtlpTraceSpan> {
  const r = new ProtobufReader(bytes, limits);
  const out = new Collector<OtlpTraceSpan>(limits.maxItems);
  let spans = 0;

  // Fields come in any order, so a resource is only complete when its message ends.
  const resourceSpans = (): void => {
    const group: RawGroup = { resource: {}, scopes: [] };
    r.message((field) => {
      if (field === 1) {
        r.message((inner) => {
          if (inner === 1) readAttribute(r, group.resource);
        });
      } else if (field === 2) {
        const entry: RawGroup['scopes'][number] = { scope: {}, spans: [] };
        r.message((inner) => {
          if (inner === 1) entry.scope = readScope(r);
          else if (inner === 2) {
            spans += 1;
            if (spans > limits.maxItems)
              throw new WireLimitError(`more than ${limits.maxItems} items in one payload`);
            entry.spans.push(readSpan(r));
          }
        });
        group.scopes.push(entry);
      }
    });
    shapeGroup(group, out);
  };
  r.fields((field) => {
    if (field !== 1) return;
    resourceSpans();
  });
  return out;
}
