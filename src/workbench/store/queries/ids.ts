const MAX_64 = 0xffff_ffff_ffff_ffffn;

/** Decimal as Datadog's logs have it, 64 or 128 bits in hex, with `0x` or dashes as people paste them. */
function normalise(text: string): string {
  return text.trim().toLowerCase().replace(/^0x/, '').replaceAll('-', '');
}

/** Long enough not to be a word or a small number, and all digits of some notation. */
export function isIdText(text: string): boolean {
  const id = normalise(text);
  return /^\d{10,39}$/.test(id) || /^[0-9a-f]{16}$/.test(id) || /^[0-9a-f]{32}$/.test(id);
}

/**
 * The ids that a text may stand for: each 16 or 32 hex digits. Empty when it is no id in any notation. Sixteen decimal
 * digits may be either notation, and are tried as both.
 */
export function traceIdCandidates(text: string): readonly string[] {
  const id = normalise(text);
  const found = new Set<string>();
  if (/^(?:[0-9a-f]{16}|[0-9a-f]{32})$/.test(id)) found.add(id);
  if (/^\d{1,39}$/.test(id)) {
    const value = BigInt(id);
    if (value > 0n && value <= MAX_64) found.add(value.toString(16).padStart(16, '0'));
    else if (value > 0n && value < 1n << 128n) found.add(value.toString(16).padStart(32, '0'));
  }
  // Shorter hex is an id whose leading zeros were not written.
  if (/^[0-9a-f]{1,15}$/.test(id) && !/^\d+$/.test(id)) found.add(id.padStart(16, '0'));
  if (/^[0-9a-f]{17,31}$/.test(id) && !/^\d+$/.test(id)) found.add(id.padStart(32, '0'));
  return [...found];
}
