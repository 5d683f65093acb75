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
