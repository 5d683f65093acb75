import type { RawRule } from './parse-rules.ts';

/**
 * The requirement's production rules as classes of noise, so that `/healthz` is a probe, too, and none in development
 * (section 5 of the requirement, "Sampling rules"). The text that deployments carry (`PRODUCTION_RULES` in
 * settings/rules.ts) says the same without the key `noise`, which dd-trace alone would take for a rule about everything.
 */
const PRODUCTION: readonly RawRule[] = [
  { noise: 'poll:kafka', sample_rate: 0.01 },
  { noise: 'poll:sqs', sample_rate: 0.01 },
  { noise: 'health', sample_rate: 0 },
];

/** The rules of a profile where nothing else names rules. */
export const PROFILE_RULES: Readonly<Record<'development' | 'staging' | 'production', readonly RawRule[]>> = {
  development: [],
  staging: PRODUCTION,
  production: PRODUCTION,
};
