import { createSampler } from './sampling/sampler.ts';
import type { RawRule } from './sampling/parse-rules.ts';
import { resolvePolicy } from './sampling/resolve-policy.ts';
import type { TailLimits } from './sampling/tail-buffer.ts';
import { type OtelSpanProcessor, TailProcessor } from './sampling/tail-sampler.ts';
import { loadSettings } from './settings/load.ts';
import { sayPolicyProblems } from './pipeline/policy.ts';

export type { TailCounts } from './sampling/tail-buffer.ts';

/** How a {@link TailSampler} decides, and how much it may hold. */
export interface TailSamplerOptions extends Partial<TailLimits> {
  /** Default: `DD_TRACE_SAMPLING_RULES`, the section `sampling` of `keepspan.config.*`, else the rules of the profile. */
  readonly rules?: readonly RawRule[] | undefined;
}

/**
 * A span processor for plain OpenTelemetry that keeps or drops whole traces, after they have ended in this process:
 * `new TailSampler(new BatchSpanProcessor(exporter))`. Traces with LLM work or an error are never dropped. A policy
 * that is not valid keeps everything, and is one line on stderr.
 */
export class TailSampler extends TailProcessor {
  constructor(next: OtelSpanProcessor, options: TailSamplerOptions = {}) {
    const { rules, ...limits } = options;
    const { settings, file } = loadSettings();
    const { policy, problems } = resolvePolicy(
      rules === undefined
        ? {
            profile: settings.profile,
            environmentRules: settings.samplingRules,
            fileSection: file.document['sampling'],
          }
        : { profile: settings.profile, fileSection: rules },
    );
    sayPolicyProblems(problems);
    super(next, createSampler({ policy }), limits);
  }
}
