import type { Custody } from '../contracts/custody.ts';
import type { EvaluationInput } from '../contracts/evaluation.ts';
import type { ExportedSpan } from '../contracts/signal.ts';
import { buildMetric, type MetricResult } from '../evaluation/metric.ts';
import { errorText } from '../kernel/error-text.ts';
import { redactEvaluation } from '../redaction/metric.ts';
import { callSite } from '../spans/call-site.ts';
import type { BackendSlot } from '../spans/wrap.ts';
import type { Settings } from '../settings/table.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { contentRule } from './content.ts';
import { evaluationPreamble } from './sink.ts';
import type { SignalGuard } from './tag-guard.ts';
import { VERSION } from './version.ts';

/** A function of the public API: frames of the stack up to it are ours. */
export type ApiFunction = (...args: never[]) => unknown;

export interface Evaluations {
  /** True when the evaluation is in custody on return (law L2). Never throws (law L6). */
  submit(input: EvaluationInput, api: ApiFunction): boolean;
}

export interface EvaluationParts {
  readonly settings: Settings;
  readonly custody: Custody;
  readonly slot: BackendSlot;
  readonly guard: SignalGuard;
  /** What the Agent knows the container of a request by; cheap. Absent where no Agent is asked. */
  readonly entity?: () => Readonly<Record<string, string>>;
}

/** Our own evaluations: past dd-trace, which loses them above 1,000 a flush, straight into custody. */
export function createEvaluations(parts: EvaluationParts): Evaluations {
  const { settings, custody, slot, guard, entity } = parts;
  const content = contentRule(settings);
  const mlApp = settings.mlApp ?? settings.service;
  const build = (input: EvaluationInput): MetricResult => {
    try {
      const span = activeSpan(input, slot);
      const context = {
        activeSpan: span,
        mlApp,
        wallMs: Date.now(),
        tags: TAGS,
        finish: (made: Readonly<Record<string, unknown>>) => guard.metric(made),
      };
      return buildMetric(redactEvaluation(input, content), context);
    } catch (error) {
      return { ok: false, why: `it cannot be read: ${errorText(error)}`, unserializable: true }; // A getter that throws.
    }
  };
  return {
    submit(input, api) {
      custody.created('evaluations');
      const metric = build(input);
      if (metric.ok)
        return custody.take('evaluations', metric.json, 1, 0, evaluationPreamble(entity?.() ?? {}));
      custody.ended('evaluations', metric.unserializable ? 'lost.unserializable' : 'dropped.invalid');
      custody.commit();
      warnOnce('KS-EVAL-001', { site: callSite(api), why: metric.why });
      return false;
    },
  };
}

const TAGS = { 'keepspan.version': VERSION };

function activeSpan(input: EvaluationInput, slot: BackendSlot): ExportedSpan | undefined {
  return input?.span == null ? slot.current?.exportSpan() : undefined;
}
