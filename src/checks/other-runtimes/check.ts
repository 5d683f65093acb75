import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';

const RUNTIME = /(?:^|[\s;&|"'/])(bun|deno)\s+(?:run|start|serve|[\w./-]+\.[cm]?[jt]sx?\b)/;

export const check: ProjectCheck = {
  id: 'KS-RUNTIME-001',
  slug: 'other-runtimes',
  title: 'The service runs on Bun or Deno',
  target: 'project',
  rationale:
    'dd-trace hooks into Node’s own loaders and async context; neither runtime has them. Keepspan refuses to start there, in one line, rather than to record half of it.',
  how: 'Commands that start bun or deno, and images of theirs.',
  fix: 'run the service with Node 24; Bun and Deno may go on to install and build it',
  source: 'docs/facts/instrumentation.md, runtimes',
  run({ project }) {
    const commands = project.commands.filter(({ text }) => RUNTIME.test(text));
    const images = project.named(/dockerfile/i).flatMap(({ path, text }) =>
      [...text.matchAll(/^\s*FROM\s+\S*(?:oven\/bun|denoland\/deno)\S*/gim)].map(({ index, 0: line }) => ({
        file: path,
        line: text.slice(0, index).split('\n').length,
        text: line,
      })),
    );
    // An image of Bun may be the stage that builds; what starts the service is the command.
    if (commands.length > 0) return found('fail', commands);
    const last = images.filter(
      ({ file, line }) =>
        !project
          .named(/dockerfile/i)
          .some(
            ({ path, text }) => path === file && /^\s*FROM\s/im.test(text.split('\n').slice(line).join('\n')),
          ),
    );
    if (last.length > 0) return found('fail', last);
    return project.commands.length === 0 ? notApplicable('no command was found') : pass('node');
  },
};
