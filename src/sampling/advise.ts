import { compileGlob } from './glob.ts';
import { aliasOf } from './compile-rule.ts';
import type { Policy, PolicyProblem, Rule } from './policy.ts';

/** Names and resources of LLM work in dd-trace 6 and the OpenTelemetry conventions: a rule that takes these in is a slip. */
const LLM_SAMPLES = [
  'openai.request',
  'langchain.request',
  'anthropic.request',
  'vertexai.request',
  'google_genai.request',
  'bedrock-runtime.command',
];

/** Resources that other languages' tracers or naming schemas have and Node's has not. */
const NEVER_IN_NODE: readonly { readonly resource: RegExp; readonly instead: string }[] = [
  { resource: /^kafka\.(?:poll|process|receive)$/i, instead: '{"noise":"poll:kafka","sample_rate":…}' },
  {
    resource: /^(?:aws\.)?sqs\.(?:receive|poll)$|^receivemessage$/i,
    instead: '{"noise":"poll:sqs","sample_rate":…}',
  },
  { resource: /^\/\S*$/, instead: '{"resource":"GET <path>","sample_rate":…}' },
  { resource: /^(?:tcp\.connect|dns\.lookup)$/i, instead: '{"noise":"transport","sample_rate":…}' },
  {
    resource: /^(?:web\.request|http\.request|fastify\.request|express\.request)$/i,
    instead: '{"name":"…","sample_rate":…}',
  },
];

/**
 * What a valid policy will not do although it seems to say so: rules that can never match on Node, that an earlier
 * rule takes everything from, and that are aimed at LLM work, which is protected.
 */
export function advise({ rules }: Policy): PolicyProblem[] {
  return rules.flatMap((rule, index) => [
    ...neverMatching(rule),
    ...shadowed(rule, rules.slice(0, index)),
    ...touchingLlm(rule),
    ...limited(rule),
  ]);
}

function warn(code: PolicyProblem['code'], rule: Rule, why: string, fix: string): PolicyProblem {
  return { severity: 'warning', code, at: rule.id, why, fix };
}

function neverMatching(rule: Rule): PolicyProblem[] {
  const { resource } = rule;
  if (resource === undefined || aliasOf(resource) !== undefined) return [];
  const never = NEVER_IN_NODE.find((candidate) => candidate.resource.test(resource));
  if (never === undefined) return [];
  return [
    warn(
      'KS-POLICY-005',
      rule,
      `no trace on Node has the resource ${resource}: it is a name, a path or another language's`,
      `write ${never.instead}`,
    ),
  ];
}

/** Everything that `rule` could match, `earlier` matches: then `rule` is never asked. */
function shadowed(rule: Rule, earlier: readonly Rule[]): PolicyProblem[] {
  const by = earlier.find((other) => covers(other, rule));
  if (by === undefined) return [];
  return [
    warn(
      'KS-POLICY-006',
      rule,
      `rule ${by.id} comes first and matches all that this one matches`,
      'move it up, or remove it',
    ),
  ];
}

function covers(wide: Rule, narrow: Rule): boolean {
  if (
    wide.noise !== undefined &&
    wide.noise !== narrow.noise &&
    !(wide.noise === 'poll:*' && narrow.noise?.startsWith('poll:') === true)
  )
    return false;
  for (const subject of ['name', 'service', 'resource'] as const)
    if (!globCovers(wide[subject], narrow[subject])) return false;
  return Object.entries(wide.tags ?? {}).every(([key, pattern]) => globCovers(pattern, narrow.tags?.[key]));
}

/** Sound, not complete: a glob covers an equal one, and a text without wildcards that it matches. */
function globCovers(wide: string | undefined, narrow: string | undefined): boolean {
  if (wide === undefined || /^\*+$/.test(wide)) return true;
  if (narrow === undefined) return false;
  if (wide.toLowerCase() === narrow.toLowerCase()) return true;
  return !/[*?]/.test(narrow) && compileGlob(wide)(narrow);
}

function touchingLlm(rule: Rule): PolicyProblem[] {
  if (rule.sampleRate >= 1 || rule.noise !== undefined) return [];
  const tags = Object.keys(rule.tags ?? {}).some((key) =>
    /^(?:gen_ai|openai|langchain|llmobs|_dd\.llmobs|_ml_obs)/.test(key),
  );
  const named =
    rule.name !== undefined && !/^\*+$/.test(rule.name) && LLM_SAMPLES.some(compileGlob(rule.name));
  if (!tags && !named) return [];
  return [
    warn(
      'KS-POLICY-007',
      rule,
      'it is aimed at LLM work, which is never sampled out',
      'remove it; to send fewer LLM spans, make fewer calls',
    ),
  ];
}

function limited(rule: Rule): PolicyProblem[] {
  if (rule.maxPerSecond === undefined) return [];
  const why =
    'max_per_second is kept in each process by itself: two processes no longer keep the same traces';
  return [warn('KS-POLICY-008', rule, why, 'lower sample_rate instead, which all processes agree on')];
}
