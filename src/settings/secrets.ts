const SECRET_NAME = /(^|_)(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS|HEADERS|DSN)$/i;
/** Shorter ones would be found in words. */
const MIN_CHARS = 8;
const MAX_SECRETS = 64;

/** The values of variables whose names say that they are secret, to keep them out of what is written. */
export function secretValues(env: Readonly<Record<string, string | undefined>> = process.env): string[] {
  return Object.entries(env)
    .flatMap(([name, value]) =>
      SECRET_NAME.test(name) && value !== undefined && value.length >= MIN_CHARS ? [value] : [],
    )
    .slice(0, MAX_SECRETS);
}
