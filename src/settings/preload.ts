/**
 * NODE_OPTIONS with a preload added: how a command that is not node itself has it loaded by the node it starts.
 *
 * @param url of the preload; an URL has no blanks and no quotes that would need escaping here
 */
export function nodeOptionsWith(url: string, before: string | undefined = process.env.NODE_OPTIONS): string {
  return [before?.trim() ?? '', option(url)].filter((part) => part !== '').join(' ');
}

/**
 * Takes a preload that came by NODE_OPTIONS out of it, and into the options that `fork`, `cluster` and worker threads
 * inherit: children of the application's own kind are preloaded, foreign programs that it starts are not.
 */
export function takeOutOfEnvironment(url: string): void {
  const parts = (process.env.NODE_OPTIONS ?? '').split(' ');
  if (!parts.includes(option(url))) return; // It came by an option of its own, and is inherited as one.
  const rest = parts.filter((part) => part !== option(url)).join(' ');
  if (rest === '') delete process.env.NODE_OPTIONS;
  else process.env.NODE_OPTIONS = rest;
  if (!process.execArgv.includes(option(url))) process.execArgv.push(option(url));
}

function option(url: string): string {
  return `--import=${url}`;
}
