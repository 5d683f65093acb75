import { found, notApplicable, pass, variable, type ProjectCheck } from '../context.ts';
import type { FileEdit } from '../../contracts/check.ts';
import { editScripts } from '../scripts.ts';

const REQUIRED = /(?:--require|-r)[= ]+dd-trace\/init\b/;
const HOOKED =
  /--import[= ]+\S*(?:dd-trace\/(?:initialize|register)|keepspan\/register)|--loader[= ]+dd-trace/;

export const check: ProjectCheck = {
  id: 'KS-LOAD-003',
  slug: 'esm-require-only',
  title: 'ES modules are started with --require dd-trace/init alone',
  target: 'project',
  rationale:
    '--require hooks CommonJS. Of an ES module only http and net are traced: no OpenAI, no Bedrock through ESM.',
  how: 'package.json says `type: module`, or a command starts an .mjs file, and the command has --require dd-trace/init without --import.',
  fix: 'replace `--require dd-trace/init` by `--import keepspan/register`',
  source: 'docs/facts/instrumentation.md, load order',
  run(context) {
    const { project } = context;
    const commands = project.commands.filter(({ text }) => REQUIRED.test(text));
    const options = variable(context, 'NODE_OPTIONS');
    const places = [
      ...commands.filter(({ text }) => !HOOKED.test(text) && (project.isEsm || /\.mjs\b/.test(text))),
      ...(options !== undefined &&
      REQUIRED.test(options.value) &&
      !HOOKED.test(options.value) &&
      project.isEsm
        ? [`NODE_OPTIONS=${options.value} (${options.from})`]
        : []),
    ];
    if (places.length > 0) return found('fail', places);
    return commands.length === 0
      ? notApplicable('nothing is started with --require dd-trace/init')
      : pass('ESM is hooked, or there is none');
  },
  mend: ({ project }): readonly FileEdit[] =>
    editScripts(project, (text) =>
      HOOKED.test(text) ? text : text.replace(REQUIRED, '--import keepspan/register'),
    ),
};
