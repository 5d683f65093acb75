/**
 * Where the application called `api`, as a line of its stack: warnings are said once for each. Only taken when
 * something is wrong.
 *
 * @param api the public function; frames up to it are ours
 */
export function callSite(api: (...args: never[]) => unknown): string {
  const holder: { stack?: string } = {};
  Error.captureStackTrace(holder, api);
  return holder.stack?.split('\n')[1]?.trim() ?? '';
}
