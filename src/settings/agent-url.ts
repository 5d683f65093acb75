import { existsSync } from 'node:fs';
import type { Settings } from './table.ts';

const SOCKET = '/var/run/datadog/apm.socket';

/**
 * The address of the Datadog Agent, found as dd-trace 6 finds it (config/index.js): the URL, else host and port, else
 * the Agent's socket where it exists, else the default port on this machine.
 */
export function agentUrl(
  settings: Pick<Settings, 'agentUrl' | 'agentHost' | 'agentPort'>,
  exists: (path: string) => boolean = existsSync,
): string {
  if (settings.agentUrl !== undefined) return settings.agentUrl;
  const { agentHost, agentPort } = settings;
  if (agentHost === undefined && agentPort === undefined && process.platform !== 'win32' && exists(SOCKET)) {
    return `unix://${SOCKET}`;
  }
  const host = agentHost ?? '127.0.0.1';
  // An IPv6 address needs brackets in a URL, which nobody writes into DD_AGENT_HOST.
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${agentPort ?? 8126}`;
}
