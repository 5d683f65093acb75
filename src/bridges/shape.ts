/** Whether something is an object (or a callable one) with all of these methods. Reading them is all that is done. */
export function hasMethods<T>(resource: unknown, methods: readonly string[]): resource is T {
  if ((typeof resource !== 'object' || resource === null) && typeof resource !== 'function') return false;
  return methods.every((key) => typeof Reflect.get(resource, key) === 'function');
}
