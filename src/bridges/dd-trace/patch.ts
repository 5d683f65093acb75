/**
 * Replaces a method of a foreign object. Where somebody else has replaced ours in the meantime, it cannot be taken out
 * any more: `replacement` must then be harmless after the end by itself.
 *
 * @returns what puts everything back as it was
 * @throws TypeError when the object does not take it
 */
export function patch<T extends object, K extends keyof T>(object: T, key: K, replacement: T[K]): () => void {
  const before = Object.getOwnPropertyDescriptor(object, key);
  object[key] = replacement;
  if (object[key] !== replacement) throw new TypeError(`${String(key)} cannot be replaced`);
  return () => {
    if (object[key] !== replacement) return;
    if (before === undefined) delete object[key];
    else Object.defineProperty(object, key, before);
  };
}
