import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';
import type { FileEdit } from '../../contracts/check.ts';

const SHELL_FORM =
  /^([ \t]*(?:CMD|ENTRYPOINT)[ \t]+)(?!\[)((?:exec[ \t]+)?(?:node|npx|keepspan|npm|yarn|pnpm)\b[^\n|&;<>$`'"\\]*)$/gim;

export const check: ProjectCheck = {
  id: 'KS-EXIT-002',
  slug: 'container-command',
  title: 'A shell or a package manager stands between SIGTERM and the service',
  target: 'project',
  rationale:
    'In the shell form PID 1 is /bin/sh, which passes no signal on: the pod is killed after its grace period, and nothing is flushed. npm and yarn as PID 1 do not wait for the service’s own shutdown either.',
  how: 'CMD and ENTRYPOINT of Dockerfiles that are no JSON array, or that start npm, yarn or pnpm.',
  fix: 'CMD ["node", "--import", "keepspan/register", "app.js"], or ENTRYPOINT ["keepspan", "run", "--"]',
  source: 'docs.docker.com/reference/dockerfile, shell and exec form; docs/guides/kubernetes.md',
  run({ project }) {
    const files = project.named(/dockerfile/i);
    if (files.length === 0) return notApplicable('there is no Dockerfile');
    const places = files.flatMap(({ path, text }) =>
      [...text.matchAll(/^[ \t]*(?:CMD|ENTRYPOINT)[ \t]+(.*)$/gim)].flatMap(
        ({ index, 0: line, 1: command = '' }) => {
          const isShell =
            !command.startsWith('[') &&
            /\b(?:node|npm|npx|yarn|pnpm|keepspan)\b/.test(command) &&
            !/^exec\b/.test(command);
          const isManager = /^\[\s*["'](?:npm|yarn|pnpm)["']/.test(command);
          return isShell || isManager
            ? [{ file: path, line: text.slice(0, index).split('\n').length, text: line }]
            : [];
        },
      ),
    );
    return places.length === 0 ? pass('signals reach the service') : found('fail', places);
  },
  mend: ({ project }): readonly FileEdit[] =>
    project.named(/dockerfile/i).flatMap(({ path, text }) => {
      const after = text.replace(
        SHELL_FORM,
        (_line, head: string, command: string) =>
          `${head}${JSON.stringify(
            command
              .trim()
              .replace(/^exec\s+/, '')
              .split(/\s+/),
          ).replaceAll('","', '", "')}`,
      );
      return after === text ? [] : [{ file: path, before: text, after }];
    }),
};
