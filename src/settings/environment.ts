/**
 * Runs `fn` with variables of the environment set (a string) or unset (undefined) and puts them back: for libraries
 * that can be told something in no other way. Synchronous, so nothing else sees the difference.
 */
export function withEnvironment<T>(variables: Readonly<Record<string, string | undefined>>, fn: () => T): T {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  const apply = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(variables)) apply(name, value);
  try {
    return fn();
  } finally {
    for (const [name, value] of before) apply(name, value);
  }
}

/** The environment as it is, for a program that takes the place of this one. */
export function processEnvironment(): NodeJS.ProcessEnv {
  return process.env;
}

/** A copy of the environment for a child, with variables of its own. */
export function environmentWith(
  variables: Readonly<Record<string, string>>,
): Record<string, string | undefined> {
  return { ...process.env, ...variables };
}

/** A copy of the environment for a worker or child that must not load the application's preloads. */
export function environmentWithoutPreloads(): Record<string, string | undefined> {
  const { NODE_OPTIONS: _preloads, ...rest } = process.env;
  return rest;
}

const PROXY_VARIABLES = [
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'no_proxy',
] as const;

/** The proxy variables that are set. */
export function proxyEnvironment(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of PROXY_VARIABLES) {
    const value = process.env[name];
    if (value !== undefined && value !== '') found[name] = value;
  }
  return found;
}
