import Pbf from 'pbf';

export const TRACE_ID = '5b8efff798038103d269b633813fc60c';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
type Write = (pbf: Pbf) => void;
const message = (pbf: Pbf, tag: number, write: Write): void => {
  pbf.writeMessage(tag, (_, inner) => write(inner), undefined);
};
const fixed64 = (pbf: Pbf, tag: number, value: bigint): void => {
  pbf.writeTag(tag, 1);
  pbf.writeFixed32(Number(value & 0xffff_ffffn));
  pbf.writeFixed32(Number(value >> 32n));
};
const keyValue = (pbf: Pbf, tag: number, key: string, value: Write): void =>
  message(pbf, tag, (entry) => {
    entry.writeStringField(1, key);
    message(entry, 2, value);
  });
/** int64 as ten bytes of varint, which pbf cannot write for unsafe integers. */
const int64: (value: bigint) => Write = (value) => (pbf) => {
  pbf.writeTag(3, 0);
  let rest = BigInt.asUintN(64, value);
  const bytes: number[] = [];
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  for (const byte of bytes) {
    pbf.realloc(1);
    pbf.buf[pbf.pos] = byte;
    pbf.pos += 1;
  }
};

/** An ExportTraceServiceRequest with one span, field by field; scope and spans come before the resource on purpose. */
export function traceRequest(traceId = TRACE_ID): Uint8Array {
  const pbf = new Pbf();
  message(pbf, 1, (resourceSpans) => {
    message(resourceSpans, 2, (scopeSpans) => {
      message(scopeSpans, 2, (span) => {
        span.writeBytesField(1, hex(traceId));
        span.writeBytesField(2, hex('eee19b7ec3c1b174'));
        span.writeStringField(5, 'chat');
        span.writeVarintField(6, 3);
        fixed64(span, 7, 1_763_800_000_123_456_789n);
        fixed64(span, 8, 1_763_800_000_123_956_789n);
        keyValue(span, 9, 's', (value) => value.writeStringField(1, 'täxt longer than twelve bytes'));
        keyValue(span, 9, 'b', (value) => value.writeBooleanField(2, true));
        keyValue(span, 9, 'i', int64(-9_007_199_254_740_993n));
        keyValue(span, 9, 'd', (value) => value.writeDoubleField(4, 0.5));
        keyValue(span, 9, 'a', (value) =>
          message(value, 5, (list) => {
            message(list, 1, (entry) => entry.writeVarintField(3, 1));
            message(list, 1, (entry) => entry.writeStringField(1, 'x'));
          }),
        );
        keyValue(span, 9, 'm', (value) =>
          message(value, 6, (map) => keyValue(map, 1, 'in', (inner) => inner.writeBooleanField(2, false))),
        );
        keyValue(span, 9, '__proto__', (value) => value.writeStringField(1, 'plain'));
        message(span, 11, (event) => {
          fixed64(event, 1, 5n);
          event.writeStringField(2, 'e');
        });
        message(span, 13, (link) => {
          link.writeBytesField(1, hex(TRACE_ID));
          link.writeBytesField(2, hex('eee19b7ec3c1b175'));
        });
        message(span, 15, (status) => {
          status.writeStringField(2, 'boom');
          status.writeVarintField(3, 2);
        });
        span.writeFixed32Field(16, 1);
      });
      message(scopeSpans, 1, (scope) => {
        scope.writeStringField(1, 'lib');
        scope.writeStringField(2, '1');
      });
    });
    message(resourceSpans, 1, (resource) =>
      keyValue(resource, 1, 'service.name', (value) => value.writeStringField(1, 'svc')),
    );
  });
  return pbf.finish();
}
