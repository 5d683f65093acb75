import { realpathSync } from 'node:fs';
import type { Command } from 'commander';
import type { UpstreamState } from '../contracts/delivery.ts';
import { shownUrl } from '../kernel/shown-url.ts';
import { classifyLifetime, diesWithPod } from '../journal/lifetime.ts';
import { resendQuarantine } from '../pipeline/inspect/resend.ts';
import { sayUnknownReceiver } from '../pipeline/otlp/receivers-beside.ts';
import { startSidecar } from '../pipeline/sidecar.ts';
import { upstreamUrl } from '../pipeline/target.ts';
import { loadSettings } from '../settings/load.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { sayJson, type Say } from './command-host.ts';
import { HostLines } from './host-lines.ts';
import { JOURNAL_OPTION, journalOf } from './journal-argument.ts';
import { stopSignal } from './stop-signal.ts';

interface DeliverOptions {
  readonly journal?: string;
  readonly once?: boolean;
  readonly quarantine?: boolean;
  readonly timeout: string;
  readonly json?: boolean;
}

/** Adds `keepspan deliver`: the sidecar. Runs until SIGTERM or SIGINT, then delivers what is left. */
export function deliverCommand(program: Command): void {
  program
    .command('deliver')
    .description('deliver a journal that other processes write (sidecar); shares their uid')
    .option(...JOURNAL_OPTION)
    .option('--once', 'deliver what is there, then end: 0 when nothing is left, 1 otherwise')
    .option(
      '--quarantine',
      'send once more what upstream refused, then end: 0 when nothing is left of it, 1 otherwise',
    )
    .option('--timeout <ms>', 'milliseconds for what is left at the end', '25000')
    .option('--json', 'one JSON line per event on stdout')
    .action(deliver);
}

async function deliver(options: DeliverOptions): Promise<void> {
  const timeoutMs = parseTimeout(options.timeout);
  const { settings } = loadSettings();
  const directory = options.journal ?? settings.journalDir;
  if (directory === undefined)
    throw new RangeError('no journal directory: name it with --journal DIR or KEEPSPAN_JOURNAL_DIR');
  const json = options.json === true;
  const say: Say = json ? sayJson : () => undefined;
  const lines = json ? undefined : new HostLines('keepspan deliver', process.stdout);
  if (process.stderr.isTTY && !json) lines?.takeRecords();
  const onState = (state: UpstreamState, upstream?: string): void => {
    sayState(say, state, upstream);
    lines?.state(state, upstream ?? shownUrl(upstreamUrl(settings)));
  };
  if (options.quarantine === true) {
    const { delivered, left, busy } = await resendQuarantine({
      journals: journalOf(directory).journals,
      settings,
      timeoutMs,
      onState,
      onUnknown: sayUnknownReceiver,
    });
    say('resent', { delivered, left, busy });
    lines?.say(
      left > 0 || busy.length > 0 ? 'warn' : 'pass',
      `${delivered} signals that were refused are delivered, ${left} are still there` +
        (busy.length === 0 ? '' : `; somebody delivers ${busy.join(', ')} right now: try again`),
    );
    if (left > 0 || busy.length > 0) process.exitCode = 1;
    return;
  }
  const sidecar = startSidecar({
    directory,
    settings,
    onState,
    onError: (error) => warnOnce('KS-DELIVERY-002', { site: String(error), error: String(error) }),
  });
  const waiting = sidecar.pending();
  say('delivering', { journal: directory, pending: waiting });
  lines?.say('pass', `delivers ${directory} to ${shownUrl(upstreamUrl(settings))}; ${waiting} signals wait`);
  if (options.once !== true) {
    await stopSignal();
    const left = lines === undefined ? 0 : sidecar.pending();
    if (left > 0)
      lines?.say(
        'not-applicable',
        `delivers the ${left} signals that wait, for ${Math.ceil(timeoutMs / 1000)} s at most; a second signal ends it at once`,
      );
  }
  const left = await sidecar.drain(timeoutMs);
  await sidecar.stop();
  const atRisk = diesWithPod(classifyLifetime(realpathSync(directory))) ? left : 0;
  say('ended', { pending: left, atRisk, noise: sidecar.noise() });
  if (left === 0) lines?.say('pass', 'nothing is left');
  else
    lines?.say(
      'warn',
      `${left} signals are left in the journal${atRisk > 0 ? ', which dies with the pod' : ''}`,
    );
  if (options.once === true && left > 0) process.exitCode = 1;
}

function sayState(say: Say, state: UpstreamState, upstream: string | undefined): void {
  if (state.status !== 'held' && state.status !== 'retrying') return;
  const to = upstream === undefined ? {} : { upstream };
  say(state.status, { kind: state.kind, answer: state.httpStatus ?? state.error ?? '', ...to });
}

function parseTimeout(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new RangeError(`--timeout is milliseconds, not "${text}"`);
  return Number(text);
}
