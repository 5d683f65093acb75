import { found, notApplicable, pass, variable, type ProjectCheck } from '../context.ts';

const HOOKS =
  /(?:@opentelemetry\/instrumentation\/hook|import-in-the-middle\/hook|dd-trace\/(?:loader-hook|initialize|register)|@sentry\/node\/(?:preload|import)|newrelic\/esm-loader)/g;

export const check: ProjectCheck = {
  id: 'KS-HOOK-001',
  slug: 'loader-hooks',
  title: 'Two loader hooks instrument ES modules',
  target: 'both',
  rationale:
    'Beside a second hook dd-trace loses OpenAI, and with it Bedrock in one variant, without an error; OpenTelemetry’s hook of one copy does not serve the instrumentations of another.',
  how: 'Counts hooks in the commands and NODE_OPTIONS. With a command: every registration in the process, and who made it.',
  fix: "keep one hook: the preload's; name OpenLLMetry's modules to it as objects (instrumentModules)",
  source: 'docs/facts/instrumentation.md, loader hooks',
  run(context) {
    const { start, project } = context;
    if (start !== undefined) {
      const owners = start.hooks.filter(
        ({ what, by }) => what !== 'functions' || /dd-trace|import-in-the-middle/.test(by),
      );
      const named = owners.map(({ how, what, by }) => `${how}(${what}) by ${by}`);
      const foreign = new Set(
        owners.map(({ what, by }) => (/dd-trace/.test(`${what} ${by}`) ? 'dd-trace' : by)),
      );
      return foreign.size > 1 ? found('fail', named) : pass(`${foreign.size} in the process`);
    }
    const texts = project.commands;
    const options = variable(context, 'NODE_OPTIONS');
    const places = texts.filter(({ text }) => ownersIn(`${text} ${options?.value ?? ''}`) > 1);
    if (places.length > 0)
      return found('fail', [...places, ...(options === undefined ? [] : [`NODE_OPTIONS=${options.value}`])]);
    const hooked = texts.some(({ text }) => ownersIn(text) > 0) || ownersIn(options?.value ?? '') > 0;
    return hooked ? pass('one hook') : notApplicable('no command names a loader hook');
  },
};

function ownersIn(text: string): number {
  return new Set([...text.matchAll(HOOKS)].map(([hook]) => hook.split('/')[0])).size;
}
