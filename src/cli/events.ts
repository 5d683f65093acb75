/** How a long-running command tells what happens. Synchronous, and never in the way of what it reports. */
export type Say = (event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** One JSON line per event on stdout. */
export const sayJson: Say = (event, fields = {}) => {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
};

/** Where stdout is ours alone, as it must be for pure JSON, the child writes to our stderr instead. */
export function childStdio(json: boolean): ('inherit' | number)[] {
  return json ? ['inherit', process.stderr.fd, 'inherit'] : ['inherit', 'inherit', 'inherit'];
}
