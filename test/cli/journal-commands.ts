import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SignalKind } from '../../src/contracts/signal.ts';
import type { Ended, Site } from '../e2e/support/site.ts';
import { fixture } from '../hosts/support.ts';

/** What `test/fixtures/hosts/few.mjs` makes. */
export const FEW: Readonly<Record<SignalKind, number>> = { spans: 20, llmSpans: 10, evaluations: 10 };

type Env = Readonly<Record<string, string>>;

/** Runs the command line on the journal of a site. */
export function keepspan(site: Site, args: readonly string[], env: Env = {}): Promise<Ended> {
  return site.run(fixture('cli.mjs'), args, { nodeArgs: [], env });
}

/** A process that ended and left what it made in the journal, undelivered. */
export async function leavePending(site: Site, env: Env = {}): Promise<void> {
  const { code, stderr } = await site.run(fixture('few.mjs'), [], {
    env: { ...env, KEEPSPAN_DELIVERY: 'none' },
  });
  if (code !== 0) throw new Error(stderr);
}

/** A process whose every record was refused. */
export async function leaveRefused(site: Site, env: Env = {}): Promise<void> {
  site.agent.behave(400);
  const { code, stderr } = await site.run(fixture('few.mjs'), [], { env });
  if (code !== 0) throw new Error(stderr);
  // On a loaded machine a process may give up waiting before it was refused everything.
  await keepspan(site, ['deliver', '--once'], env);
  site.agent.behave('ok');
}

/** Whether any file below a directory holds these bytes. */
export function holds(directory: string, text: string): boolean {
  if (!existsSync(directory)) return false;
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .some((file) => statSync(file).isFile() && readFileSync(file).includes(text));
}
