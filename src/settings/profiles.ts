import { PRODUCTION_RULES } from './rules.ts';
import type { Profile } from './row.ts';
import type { Loaded } from './load.ts';
import type { Problem } from './problem.ts';
import { TABLE } from './table.ts';
import type { SettingKey } from './table.ts';

/** What a profile says of one setting. */
export type Cell =
  /** Applies by itself when nobody says otherwise. */
  | { readonly rule: 'default'; readonly value: string }
  /** Has to stand in the deployment; `value` is what to write there. */
  | { readonly rule: 'deploy'; readonly value: string }
  /** A secret that has to stand in the deployment, unless `onlyWith` is not on. */
  | { readonly rule: 'secret'; readonly onlyWith?: 'agentless' }
  /** Left to the developer; `value` is what applies until then. */
  | { readonly rule: 'free'; readonly value: string }
  /** Not set. */
  | { readonly rule: 'unset' };

export interface ProfileRow {
  readonly name: string;
  readonly cells: Readonly<Record<Profile, Cell>>;
}

const RULES = JSON.stringify(PRODUCTION_RULES);
/** In Kubernetes the address of the node is put in place of `$(DD_AGENT_HOST)` by the kubelet. */
const OTLP_OF_AGENT = 'http://$(DD_AGENT_HOST):4318';

/** The table of the requirement's section 5, row by row. */
export const PROFILE_TABLE: readonly ProfileRow[] = [
  row('DD_LLMOBS_ENABLED', { rule: 'free', value: '0' }, { rule: 'deploy', value: '1' }),
  row('DD_LLMOBS_AGENTLESS_ENABLED', { rule: 'default', value: '1' }, { rule: 'default', value: '0' }),
  row('DD_API_KEY', { rule: 'secret', onlyWith: 'agentless' }, { rule: 'secret', onlyWith: 'agentless' }),
  row('DD_TRACE_SAMPLING_RULES', { rule: 'default', value: '[]' }, { rule: 'default', value: RULES }),
  row('KEEPSPAN_RECALL_THRESHOLD', { rule: 'default', value: '0.5' }, { rule: 'default', value: '0.7' }),
  row('LOG_LEVEL', { rule: 'default', value: 'debug' }, { rule: 'default', value: 'info' }),
  row('DD_TRACE_ENABLED', { rule: 'free', value: 'true' }, { rule: 'default', value: 'true' }),
  row('TRACELOOP_BASE_URL', { rule: 'unset' }, { rule: 'deploy', value: OTLP_OF_AGENT }),
];

/** Staging and production are the same in every row, so that what passed there holds here. */
function row(name: string, development: Cell, deployed: Cell): ProfileRow {
  return { name, cells: { development, staging: deployed, production: deployed } };
}

/** The sampling rules that apply when none are given, as their JSON text. */
export function profileRules(profile: Profile): string {
  return profile === 'development' ? '[]' : RULES;
}

/**
 * What a deployment of a profile should have and has not: for `config check`, before it ships. What a deployment may
 * rightly do without is information, not a finding.
 */
export function profileProblems({ settings, origins }: Loaded, profile: Profile): Problem[] {
  const problems: Problem[] = [];
  for (const { name, cells } of PROFILE_TABLE) {
    const key = TABLE.find((entry) => entry.name === name)?.key as SettingKey;
    const cell = cells[profile];
    const isSet = settings[key] !== undefined && origins[key] !== 'default';
    if (cell.rule === 'deploy' && !isSet) problems.push(expected(name, cell.value, profile));
  }
  if (profile !== 'development') {
    if (settings.agentless) {
      problems.push(
        finding('DD_LLMOBS_AGENTLESS_ENABLED', '1', profile, 'sends through an Agent', 'remove it'),
      );
    }
    if (origins.env === 'unset') {
      problems.push(
        finding(
          'DD_ENV',
          '(unset)',
          profile,
          'has a name, and everything sent is tagged with it',
          `set DD_ENV=${profile}`,
        ),
      );
    }
    if (origins.service === 'default') {
      problems.push(
        finding(
          'DD_SERVICE',
          '(unset)',
          profile,
          'names its service, not the folder it runs in',
          'set DD_SERVICE',
        ),
      );
    }
  } else if (
    settings.enabled &&
    !settings.agentless &&
    settings.agentUrl === undefined &&
    settings.agentHost === undefined
  ) {
    problems.push({
      code: 'KS-SETTINGS-022',
      severity: 'info',
      variable: 'DD_API_KEY',
      value: '(unset)',
      why: 'development sends without an Agent when there is a key; without one, to the Agent or workbench on this machine',
      fix: 'start `keepspan dev`, or set DD_API_KEY',
    });
  }
  return problems;
}

function expected(name: string, value: string, profile: Profile): Problem {
  const optional = name === 'TRACELOOP_BASE_URL';
  return {
    code: 'KS-SETTINGS-022',
    severity: optional ? 'info' : 'error',
    variable: name,
    value: '(unset)',
    why: optional
      ? `${profile} sends the framework stream of OpenLLMetry to the Agent, where OpenLLMetry is used`
      : `${profile} has it on; without it nothing is observed`,
    fix: `set ${name}=${value}`,
  };
}

function finding(name: string, value: string, profile: Profile, does: string, fix: string): Problem {
  return {
    code: 'KS-SETTINGS-022',
    severity: 'warning',
    variable: name,
    value,
    why: `${profile} ${does}`,
    fix,
  };
}
