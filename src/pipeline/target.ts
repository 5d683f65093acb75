import type { Settings } from '../settings/table.ts';
import type { DatadogTarget } from '../wire/datadog/encode-target.ts';

/** Unset means the Agent; what it refuses is held and said (KS-DELIVERY-001), not sent elsewhere behind one's back. */
export function targetOf(settings: Settings, agentUrl: string): DatadogTarget {
  const { agentless, apiKey, site, intakeUrl } = settings;
  if (agentless !== true || apiKey === undefined) return { mode: 'agent', url: agentUrl };
  return { mode: 'agentless', apiKey, site, ...(intakeUrl === undefined ? {} : { intakeUrl }) };
}
