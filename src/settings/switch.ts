/**
 * The switch of law L10, read before anything else may be loaded. It imports nothing and reads no table, so that a
 * process in which nothing is switched on pays for two lookups and no more.
 */

/** The part of the options of `initObservability` that can switch on. */
export interface SwitchOptions {
  readonly stack?: string | undefined;
}

/**
 * Whether something is switched on: `DD_LLMOBS_ENABLED` is `1` or `true`, or a stack is named by `KEEPSPAN_STACK`
 * or by the options. `off` always wins, wherever it stands. Upper and lower case and surrounding blanks do not
 * matter; an empty value is an unset one.
 */
export function isSwitchedOn(
  env: Readonly<Record<string, string | undefined>> = process.env,
  options?: SwitchOptions,
): boolean {
  const named = normal(env.KEEPSPAN_STACK);
  const asked = normal(options?.stack);
  if (named === 'off' || asked === 'off') return false;
  if (named !== '' || asked !== '') return true;
  const enabled = normal(env.DD_LLMOBS_ENABLED);
  return enabled === '1' || enabled === 'true';
}

/** Whether the operator switched everything off by name: then wrappers are the functions they were given. */
export function isStackOff(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  return normal(env.KEEPSPAN_STACK) === 'off';
}

function normal(value: unknown): string {
  return typeof value === 'string' ? value.trim().toLowerCase() : '';
}
