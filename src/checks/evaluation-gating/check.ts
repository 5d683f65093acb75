import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-GATE-001',
  slug: 'evaluation-gating',
  title: 'Evaluations are submitted to dd-trace directly',
  target: 'project',
  rationale:
    'llmobs.submitEvaluation throws into the application for bad input and without an ml_app, does nothing when the tracer is off, and what it holds dies with the process.',
  how: 'Searches the source for calls on llmobs.',
  fix: 'submitEvaluation() of keepspan: gated by itself, never throws, in custody before it returns',
  source: 'requirement, section 7; docs/facts/dd-trace.md',
  run({ project }) {
    const direct = project.find(/\bllmobs\??\.submitEvaluation\s*\(/i);
    if (direct.length > 0) return found('fail', direct);
    return project.find(/\bsubmitEvaluation\s*\(/).length > 0
      ? pass('submitted through keepspan')
      : notApplicable('no evaluation is submitted');
  },
};
