import { agentUrl } from '../settings/agent-url.ts';
import type { Settings } from '../settings/table.ts';
import type { DatadogTarget } from '../wire/datadog/encode-target.ts';

/** Unset means the Agent; what it refuses is held and said (KS-DELIVERY-001), not sent elsewhere behind one's back. */
export function targetOf(settings: Settings, agentUrl: string): DatadogTarget {
  const { agentless, apiKey, site, intakeUrl } = settings;
  if (agentless !== true || apiKey === undefined) return { mode: 'agent', url: agentUrl };
  return { mode: 'agentless', apiKey, site, ...(intakeUrl === undefined ? {} : { intakeUrl }) };
}

/** Where LLM spans and evaluations go, which is what the application is observed for. */
export function upstreamUrl(settings: Settings): string {
  const { agentless, apiKey, intakeUrl, site } = settings;
  if (!agentless || apiKey === undefined) return agentUrl(settings);
  return intakeUrl ?? `https://llmobs-intake.${site}`;
}
