type Metadata = Readonly<Record<string, unknown>>;

/**
 * Metadata with the tags that were moved there, under their own keys. What the application put there itself stays as
 * it is; a tag whose key is taken by another value goes to `tag.<key>`.
 */
export function withDemoted(metadata: unknown, demoted: Readonly<Record<string, string>>): Metadata {
  const merged: Record<string, unknown> = isRecord(metadata) ? { ...metadata } : {};
  for (const [key, value] of Object.entries(demoted)) {
    let name = key;
    while (Object.hasOwn(merged, name) && merged[name] !== value) name = `tag.${name}`;
    Object.defineProperty(merged, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return merged;
}

function isRecord(value: unknown): value is Metadata {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
