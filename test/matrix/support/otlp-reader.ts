// Reads ExportTraceServiceRequest (opentelemetry-proto 1.x) as far as the tests ask. A reader of its own: an oracle
// shares no code with its subject.

export interface OtlpSpan {
  readonly scope: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly error: boolean;
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
}

type Field = { readonly number: number; readonly bytes: Buffer; readonly value: bigint };

export function readOtlp(request: Buffer): OtlpSpan[] {
  return all(request, 1).flatMap((resource) =>
    all(resource, 2).flatMap((scopeSpans) => {
      const scope = all(scopeSpans, 1)[0];
      const name = scope === undefined ? '' : textOf(scope, 1);
      return all(scopeSpans, 2).map((span) => readSpan(span, name));
    }),
  );
}

function readSpan(span: Buffer, scope: string): OtlpSpan {
  const status = all(span, 15)[0];
  return {
    scope,
    name: textOf(span, 5),
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentSpanId: hex(span, 4),
    error: status !== undefined && fields(status).some(({ number, value }) => number === 3 && value === 2n),
    attributes: Object.fromEntries(all(span, 9).map((pair) => [textOf(pair, 1), valueOf(all(pair, 2)[0])])),
  };
}

/** AnyValue: 1 text, 2 switch, 3 integer, 4 double; lists are not asked for. */
function valueOf(any: Buffer | undefined): string | number | boolean | undefined {
  if (any === undefined) return undefined;
  const [field] = fields(any);
  if (field?.number === 1) return field.bytes.toString();
  if (field?.number === 2) return field.value === 1n;
  if (field?.number === 3) return Number(field.value);
  return field?.number === 4 ? field.bytes.readDoubleLE() : undefined;
}

const all = (message: Buffer, wanted: number): Buffer[] =>
  fields(message).flatMap(({ number, bytes }) => (number === wanted ? [bytes] : []));
const textOf = (message: Buffer, wanted: number): string => all(message, wanted)[0]?.toString() ?? '';
const hex = (message: Buffer, wanted: number): string => all(message, wanted)[0]?.toString('hex') ?? '';

function fields(message: Buffer): Field[] {
  const found: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message.readUInt8(at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Buffer => message.subarray(at, (at += length));
  while (at < message.length) {
    const key = Number(varint());
    const number = key >> 3;
    const none = Buffer.alloc(0);
    if ((key & 7) === 0) found.push({ number, bytes: none, value: varint() });
    else if ((key & 7) === 1) found.push({ number, bytes: take(8), value: 0n });
    else if ((key & 7) === 5) found.push({ number, bytes: take(4), value: 0n });
    else found.push({ number, bytes: take(Number(varint())), value: 0n });
  }
  return found;
}
