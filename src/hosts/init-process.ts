import { existsSync } from 'node:fs';

const SHELL = '/bin/sh';

/**
 * PID 1 has to reap whatever orphan it is given, and Node waits for its own children alone. The shell waits for all:
 * it stays as PID 1, passes signals on and keeps the code of the child. `wait` that a trap interrupts says nothing of
 * the child and is repeated; 127 from a repetition is a child that was waited for already. Background commands of a
 * shell read /dev/null unless told otherwise.
 */
const INIT = `
child= early= code=
forward() { interrupted=1; if [ -n "$child" ]; then kill -s "$1" "$child"; else early="$early $1"; fi; }
for signal in HUP INT QUIT TERM USR1 USR2; do trap "forward $signal" "$signal"; done
exec 3<&0
"$@" <&3 3<&- &
child=$!
exec 3<&-
for signal in $early; do kill -s "$signal" "$child"; done
while :; do
  interrupted=
  wait "$child"
  got=$?
  if [ "$got" -ne 127 ] || [ -z "$code" ]; then code=$got; fi
  [ -n "$interrupted" ] || exit "$code"
done
`;

export interface InitParts {
  readonly pid: number;
  /** `process.execve`; undefined where this Node has none. */
  readonly execve: ((file: string, args: readonly string[], env: NodeJS.ProcessEnv) => void) | undefined;
  readonly hasShell: () => boolean;
}

const REAL: InitParts = {
  pid: process.pid,
  execve: process.execve?.bind(process),
  hasShell: () => existsSync(SHELL),
};

/**
 * As PID 1: replaces this process by one that reaps, with `command` as its child, and does not return. Elsewhere it
 * does nothing.
 *
 * @returns why nobody reaps: PID 1 without a shell; undefined when there is nothing to do
 */
export function becomeInit(
  command: readonly string[],
  env: NodeJS.ProcessEnv,
  { pid, execve, hasShell }: InitParts = REAL,
): string | undefined {
  if (pid !== 1) return undefined;
  if (execve === undefined) return 'this system has no execve';
  if (!hasShell()) return `there is no ${SHELL}`;
  execve(SHELL, ['keepspan-init', '-c', INIT, 'keepspan-init', ...command], env);
  return undefined;
}
