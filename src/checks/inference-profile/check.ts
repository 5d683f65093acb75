import { found, has, notApplicable, pass, variable, type ProjectCheck } from '../context.ts';
import { mending } from '../mending.ts';

export const check: ProjectCheck = {
  id: 'KS-BEDROCK-003',
  slug: 'inference-profile',
  title: 'Prompts of InvokeModel through an inference profile are lost',
  target: 'project',
  rationale:
    'dd-trace chooses the shape of the body by the provider in the model’s id. An application-inference-profile ARN names none: input {}, output "", only tokens survive.',
  how: 'InvokeModelCommand is used and such an ARN stands in the source or the deployment. ARNs that come from elsewhere are not seen.',
  fix: 'start with keepspan/register, which recovers them; or use Converse, whose shape is one for all models',
  source: 'docs/facts/instrumentation.md, Bedrock',
  run(context) {
    const { project } = context;
    const invoking = project.find(/\bInvokeModel(?:WithResponseStream)?Command\b/);
    if (invoking.length === 0 || !has(context, 'dd-trace'))
      return notApplicable('InvokeModel is not used with dd-trace');
    const profiles = project.files.filter(({ code }) => /application-inference-profile\//.test(code));
    if (profiles.length === 0) return pass('no ARN of an application inference profile was found');
    if (variable(context, 'KEEPSPAN_CAPTURE_CONTENT')?.value.trim().toLowerCase() === 'none')
      return pass('content is not kept');
    return mending(context)?.tracer === true ? pass('recovered at run time') : found('fail', invoking);
  },
};
