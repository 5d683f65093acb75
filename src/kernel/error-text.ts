/** What was thrown, as text: anything can be thrown, also what throws when it is looked at. */
export function errorText(error: unknown): string {
  try {
    return error instanceof Error ? error.message : String(error);
  } catch {
    return 'an error that cannot be read';
  }
}
