import { readFileSync } from 'node:fs';

/** A terminal sends these to every process of its foreground group, by Ctrl-C and Ctrl-\. */
const FROM_TERMINAL: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/**
 * Whether a signal that came here has come to our child, too: it is one that a terminal sends, and we are in the
 * terminal's foreground, where the child shares our process group. A `kill -INT` from elsewhere cannot be told from it.
 *
 * @param stat text of proc(5) `stat`; empty where there is none
 * @param isTerminal whether stdin is a terminal; decides where there is no /proc
 */
export function terminalSentItToAll(
  signal: NodeJS.Signals,
  stat: string = ownStat(),
  isTerminal: boolean = process.stdin.isTTY,
): boolean {
  if (!FROM_TERMINAL.includes(signal)) return false;
  if (stat === '') return isTerminal;
  // Behind the name, which may hold anything: state, parent, group, session, terminal, its foreground group.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[4] !== '0' && fields[5] === fields[2];
}

function ownStat(): string {
  try {
    return readFileSync('/proc/self/stat', 'utf8');
  } catch {
    return ''; // Not Linux.
  }
}
