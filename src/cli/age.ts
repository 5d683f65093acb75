const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads an age in milliseconds.
 *
 * @throws RangeError when it is none
 */
export function parseAge(option: string, text: string): number {
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  if (match === null) throw new RangeError(`${option} is an age such as 30m, 12h or 7d, not "${text}"`);
  return Number(match[1]) * UNIT_MS[match[2]!]!;
}
