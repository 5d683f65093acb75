import type { FileEdit } from '../contracts/check.ts';
import type { Project } from './project/project.ts';

/** A command that starts a script with node itself. */
export const NODE_SCRIPT = /(?:^|[\s;&|"'/])node(?:js)?(?:\s+-\S+)*\s+[^-\s]/;

/** Rewrites the commands in package.json that start the service; the file's own layout stays. */
export function editScripts(project: Project, change: (command: string) => string): readonly FileEdit[] {
  const file = project.files.find(({ path }) => path === 'package.json');
  if (file === undefined) return [];
  let after = file.text;
  for (const { text } of project.commands.filter((command) => command.file === 'package.json')) {
    const changed = change(text);
    if (changed !== text) after = after.replace(JSON.stringify(text), () => JSON.stringify(changed));
  }
  return after === file.text ? [] : [{ file: file.path, before: file.text, after }];
}

/** The preload in front of the script of each command that starts node. */
export function preloadScripts(project: Project): readonly FileEdit[] {
  return editScripts(project, (text) =>
    /keepspan/.test(text)
      ? text
      : text.replace(/((?:^|[\s;&|])node(?:js)?)(?=\s)/, '$1 --import keepspan/register'),
  );
}
