import { basename } from 'node:path';
import type { SourceFile } from './files.ts';
import { placeAt, type Place } from './place.ts';

/** npm runs these to start a service; others build, test or help. */
const STARTING = /^(?:start|serve|server|prod|production|worker|consumer)(?::|$)/;

/** The commands in one file that start the service. */
export function commandsIn({ path, text, kind }: SourceFile): Place[] {
  const name = basename(path);
  if (kind !== 'deployment' && !/^ecosystem\.config\.[cm]?js$/.test(name)) return [];
  if (name === 'package.json') return path === 'package.json' ? scriptsIn(path, text) : [];
  if (/dockerfile/i.test(name)) return lines(path, text, /^\s*(?:CMD|ENTRYPOINT)\s+(.+(?:\\\n.*)*)$/gim);
  if (name === 'Procfile') return lines(path, text, /^\w+:\s*(.+)$/gm);
  if (/\.ya?ml$/.test(name)) return manifestCommands(path, text);
  if (name.startsWith('ecosystem.config')) {
    return lines(path, text, /(?:script|node_args|interpreter_args)\s*:\s*([^\n]+)/g);
  }
  return [];
}

function lines(path: string, text: string, pattern: RegExp): Place[] {
  return [...text.matchAll(pattern)].map(({ index, 0: whole, 1: command = '' }) => ({
    ...placeAt(path, text, index + whole.search(/\S/)),
    text: plain(command),
  }));
}

/** `["node", "app.js"]`, as a YAML list or as JSON, reads like the command that it is. */
function plain(command: string): string {
  const list = /^\s*\[(.*)\]\s*$/s.exec(command)?.[1];
  return list === undefined
    ? command.trim()
    : [...list.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'/g)].map(([, a, b]) => a ?? b ?? '').join(' ');
}

function scriptsIn(path: string, text: string): Place[] {
  let scripts: object;
  try {
    scripts = Object((JSON.parse(text) as { scripts?: unknown } | null)?.scripts) as object;
  } catch {
    return [];
  }
  return Object.entries(scripts).flatMap(([name, command]) => {
    if (!STARTING.test(name) || typeof command !== 'string') return [];
    const index = text.indexOf(JSON.stringify(name), text.indexOf('"scripts"'));
    return [{ ...placeAt(path, text, Math.max(0, index)), text: command }];
  });
}

/** `command:` and `args:` of a container belong together and stand next to each other. */
function manifestCommands(path: string, text: string): Place[] {
  const found: Place[] = [];
  const pattern = /^([ \t]*)(?:- )?(command|args|entrypoint):[ \t]*(.*(?:\n\1[ \t]*- .*)*)/gm;
  for (const { index, 0: whole, 3: value = '' } of text.matchAll(pattern)) {
    const items = [...value.matchAll(/\n[ \t]*- (.*)/g)].map(([, item = '']) =>
      item.replace(/^["']|["']$/g, ''),
    );
    const command = items.length > 0 ? items.join(' ') : plain(value);
    const place = { ...placeAt(path, text, index + whole.search(/\S/)), text: command };
    const last = found.at(-1);
    if (last !== undefined && place.line - last.line <= 4) {
      found[found.length - 1] = { ...last, text: `${last.text} ${command}` };
    } else found.push(place);
  }
  return found;
}
