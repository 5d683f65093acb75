const SPAN_ID = Buffer.from('"span_id":"');
const QUOTE = 0x22;
const MAX_DIGITS = 20;

/** The span that an evaluation joins, read from its JSON text without parsing it; undefined when it names none. */
export function evaluatedSpan(payload: Buffer): bigint | undefined {
  const found = payload.indexOf(SPAN_ID);
  if (found < 0) return undefined;
  const start = found + SPAN_ID.length;
  const end = payload.indexOf(QUOTE, start);
  if (end <= start || end - start > MAX_DIGITS) return undefined;
  const digits = payload.toString('latin1', start, end);
  return /^\d+$/.test(digits) ? BigInt(digits) : undefined;
}
