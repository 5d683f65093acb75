import type { CheckResult } from '../../contracts/check.ts';
import { fail, pass, unknown, type VerifyCheck } from '../check.ts';
import type { DegradedEvidence, SteadyEvidence } from '../evidence.ts';
import { answerPattern, shownAnswers } from '../traffic.ts';

export const gatedEvaluations: VerifyCheck = {
  id: 'KS-VERIFY-013',
  slug: 'switch-gates',
  title: 'Switched off, the service still submits, or behaves differently',
  target: 'process',
  stage: 'off',
  rationale: 'A switch that leaves something on is found on the day on which it is needed.',
  how: 'Starts the service again with DD_LLMOBS_ENABLED=0, sends the same requests, and compares answers; no LLM span and no evaluation may arrive.',
  fix: 'submit through submitEvaluation() of keepspan, or guard by isObservabilityEnabled()',
  source: 'requirement, sections 5 and 7',
  run({ off, steady }) {
    const { arrivals } = off!;
    const left = (['llmSpans', 'evaluations'] as const).flatMap((kind) => {
      const { unique } = arrivals.count(kind);
      return unique === 0
        ? []
        : [`${unique} ${kind === 'llmSpans' ? 'LLM spans' : 'evaluations'} arrived with the switch off`];
    });
    const changed = sameAnswers(off!, steady!);
    if (left.length > 0) return fail([...left, ...(changed.status === 'fail' ? changed.evidence : [])]);
    return changed.status === 'pass' ? pass('no LLM span, no evaluation', ...changed.evidence) : changed;
  },
};

export const importsDegrade: VerifyCheck = {
  id: 'KS-VERIFY-014',
  slug: 'imports-degrade',
  title: 'Without the optional packages the service does not work',
  target: 'process',
  stage: 'bare',
  rationale: 'An image that leaves a tracer out has to lose traces, not requests.',
  how: 'Starts the service again with dd-trace and @traceloop/* hidden from import and require, and sends the same requests.',
  fix: 'import the tracer nowhere; use the wrappers of keepspan, which do nothing without one',
  source: 'requirement, section 7',
  run({ bare, steady }) {
    return sameAnswers(bare!, steady!);
  },
};

/** The same requests, the same status codes. */
function sameAnswers({ failure, answers }: DegradedEvidence, steady: SteadyEvidence): CheckResult {
  if (failure !== undefined) return fail([failure.message, ...failure.output.slice(-4)]);
  if (steady.driven) return unknown('the service was driven by hand; it starts');
  const [before, now] = [answerPattern(steady.answers), answerPattern(answers)];
  if (before !== now)
    return fail([
      'with everything there:',
      ...shownAnswers(steady.answers),
      'without:',
      ...shownAnswers(answers),
    ]);
  return pass(`the same answers: ${shownAnswers(answers).join(', ')}`);
}
