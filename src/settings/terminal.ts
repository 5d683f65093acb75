/**
 * Whether to colour what goes to a stream: a terminal that can show it, and nobody who asked not to (no-color.org:
 * `NO_COLOR` counts when it is not empty).
 */
export function wantsColor(
  stream: { readonly isTTY?: boolean | undefined },
  env: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}
