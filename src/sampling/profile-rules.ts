import type { RawRule } from './parse-rules.ts';

/** The requirement's production rules, and none in development (section 5 of the requirement, "Sampling rules"). */
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
