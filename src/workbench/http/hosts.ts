import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

const LOOPBACK = ['127.0.0.1', 'localhost', '[::1]'];

const withPort = (names: readonly string[], port: number): ReadonlySet<string> =>
  new Set(names.flatMap((name) => (port === 80 ? [name, `${name}:80`] : [`${name}:${port}`])));

const bracketed = (address: string): string =>
  isIP(address) === 6 ? `[${address.toLowerCase()}]` : address.toLowerCase();

/** Whether an address reaches this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);

/**
 * The names under which a server may be addressed; anything else is DNS rebinding or a mistake. Bound to all
 * addresses, those of this machine; names must be given, since a name is what an attacker controls.
 */
export function allowedHosts(
  bound: string,
  port: number,
  names: readonly string[] = [],
): ReadonlySet<string> {
  if (isLoopback(bound)) return withPort([...LOOPBACK, ...names.map(bracketed)], port);
  const isAny = bound === '0.0.0.0' || bound === '::';
  const own = isAny
    ? Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address))
    : [bound];
  return withPort([...LOOPBACK, ...own.map(bracketed), ...names.map(bracketed)], port);
}
