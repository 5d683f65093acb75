import type { Custody } from '../contracts/custody.ts';
import type { EvaluationInput } from '../contracts/evaluation.ts';
import { buildMetric } from '../evaluation/metric.ts';
import { redactEvaluation } from '../redaction/metric.ts';
import type { BackendSlot } from '../spans/wrap.ts';
import type { Settings } from '../settings/table.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { contentCapture } from './content.ts';

export interface Evaluations {
  /** True when the evaluation is in custody on return (law L2). Never throws (law L6). */
  submit(input: EvaluationInput): boolean;
}

/** Our own evaluations: past dd-trace, which loses them above 1,000 a flush, straight into custody. */
export function createEvaluations(parts: { settings: Settings; custody: Custody; slot: BackendSlot }): Evaluations {
  const { settings, custody, slot } = parts;
  const capture = contentCapture(settings);
  const mlApp = settings.mlApp ?? settings.service;
  return {
    submit(input) {
      custody.created('evaluations');
      const activeSpan = input?.span === undefined ? slot.current?.exportSpan() : undefined;
      const context = { activeSpan, mlApp, wallMs: Date.now(), tags: NO_TAGS };
      const metric = buildMetric(redactEvaluation(input, capture), context);
      if (metric.ok) return custody.take('evaluations', metric.json, 1);
      custody.ended('evaluations', metric.unserializable ? 'lost.unserializable' : 'dropped.invalid');
      custody.commit();
      warnOnce('KS-EVAL-001', { site: callSite(), why: metric.why });
      return false;
    },
  };
}

const NO_TAGS: readonly string[] = [];

/** The first line outside this package: one warning a call site. Only taken when something is wrong. */
function callSite(): string {
  const lines = (new Error().stack ?? '').split('\n').slice(1);
  return lines.find((line) => !line.includes('/pipeline/') && !line.includes('/keepspan/dist/') && !line.includes('/src/index.'))?.trim() ?? '';
}
