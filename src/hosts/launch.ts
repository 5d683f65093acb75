import { basename } from 'node:path';

/** What is asked to be run, and what has to be loaded into it. */
export interface LaunchRequest {
  readonly command: readonly [string, ...string[]];
  /** File URL of the preload; undefined: the command runs as it is. */
  readonly preload: string | undefined;
  /** NODE_OPTIONS with a preload added; it is asked for only where the command is not node itself. */
  readonly nodeOptions: (preload: string) => string;
  /** Variables of the child that differ from ours. */
  readonly variables: Readonly<Record<string, string>>;
}

export interface Launch {
  readonly file: string;
  readonly args: readonly string[];
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * How a command is started with a preload. Where it is node itself, by an option in front of its own: `fork`, `cluster`
 * and worker threads inherit that, foreign programs do not. Any other command (npm, sh, tsx, …) gets NODE_OPTIONS, out
 * of which the preload takes itself in the first process that is an application.
 */
export function launchOf({
  command: [file, ...args],
  preload,
  nodeOptions,
  variables,
}: LaunchRequest): Launch {
  if (preload === undefined) return { file, args, variables };
  if (isNode(file)) return { file, args: withOption(args, `--import=${preload}`), variables };
  return { file, args, variables: { ...variables, NODE_OPTIONS: nodeOptions(preload) } };
}

function isNode(file: string): boolean {
  return /^node(?:js)?(?:\.exe)?$/i.test(basename(file));
}

/** `node inspect` is a command of node's own only where it comes first. */
function withOption(args: readonly string[], option: string): string[] {
  return args[0] === 'inspect' ? ['inspect', option, ...args.slice(1)] : [option, ...args];
}
