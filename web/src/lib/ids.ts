const DECIMAL = /^\d{1,20}$/;

/** A decimal span id as 16 hex digits; '' when it is none. For fields that are decimal by contract. */
export function decimalToHex(id: string): string {
  if (!DECIMAL.test(id)) return '';
  const value = BigInt(id);
  return value >> 64n > 0n ? '' : value.toString(16).padStart(16, '0');
}

/** What a person may have copied from a log line, a URL or a header: the id alone. */
export function pastedId(text: string): string {
  const trimmed = text.trim();
  const traceparent = /\b00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}\b/i.exec(trimmed);
  if (traceparent !== null) return traceparent[1]!.toLowerCase();
  const field = /(?:trace_?id|traceId)["'\s:=]+([0-9a-f-]{1,36})/i.exec(trimmed);
  const path = /\/traces?\/([0-9a-f-]{1,36})/i.exec(trimmed);
  const found = field?.[1] ?? path?.[1] ?? trimmed.replace(/^["']|["'],?$/g, '');
  return found.replace(/^0x/i, '').replaceAll('-', '').toLowerCase();
}
