/** Which of the two is switched on in a program. */
export type Side = 'keepspan' | 'plain';

/** The environment of a program that is observed by Keepspan in full custody, or by dd-trace alone. */
export function observedEnvironment(side: Side, agentUrl: string, journal: string): Record<string, string> {
  const shared = {
    DD_TRACE_AGENT_URL: agentUrl,
    DD_LLMOBS_ML_APP: 'bench',
    DD_SERVICE: 'bench',
    // Both send through the stand-in; left open, dd-trace would first ask it what it can.
    DD_LLMOBS_AGENTLESS_ENABLED: '0',
    DD_TRACE_STARTUP_LOGS: '0',
    // Its own messages to Datadog are no part of what is compared.
    DD_INSTRUMENTATION_TELEMETRY_ENABLED: '0',
    DD_REMOTE_CONFIGURATION_ENABLED: '0',
  };
  if (side === 'plain') return { ...shared, DD_LLMOBS_ENABLED: '1' };
  return { ...shared, DD_LLMOBS_ENABLED: '1', KEEPSPAN_JOURNAL_DIR: journal, KEEPSPAN_CUSTODY: 'full' };
}
