import type { CheckResult } from '../../contracts/check.ts';
import type { KindLedger } from '../../contracts/ledger.ts';
import { SIGNAL_KINDS } from '../../kernel/signals.ts';
import { fail, pass, unknown, type VerifyCheck } from '../check.ts';
import { compareCounts, isOfKill, wrongExit } from '../compare.ts';
import type { InterruptionEvidence } from '../evidence.ts';
import { recordIn } from '../log-lines.ts';
import { shownExit } from '../service.ts';

/** How the probe of a run knows that the flush is over. */
const PROBE_STEP = 'keepspan verify';

export const shutdownLoss: VerifyCheck = {
  id: 'KS-VERIFY-007',
  slug: 'shutdown-loses-nothing',
  title: 'A shutdown in the middle of work loses signals',
  target: 'process',
  stage: 'shutdown',
  rationale:
    'Each deployment stops each replica once: what a shutdown loses is lost daily, and it is the end of every request that was under way.',
  how: 'Sends SIGTERM under load and compares three counts: what the service made, what it says was delivered, and what arrived here.',
  fix: 'node --import keepspan/register app.js; no process.exit in handlers of signals',
  source: 'requirement, section 1; docs/guides/shutdown.md',
  run({ shutdown }) {
    const { exit, underWay } = shutdown!;
    const wrong = [...compareCounts(shutdown!, () => false), ...wrongExit('SIGTERM', exit)];
    if (wrong.length > 0) return fail(wrong);
    return counted(
      shutdown!,
      `ended with ${shownExit(exit)} after ${(exit.durationMs / 1000).toFixed(1)} s, ${underWay} requests under way`,
    );
  },
};

export const killLoss: VerifyCheck = {
  id: 'KS-VERIFY-008',
  slug: 'kill-loses-little',
  title: 'A kill loses LLM spans or evaluations, or what is left is not delivered',
  target: 'process',
  stage: 'kill',
  rationale: 'The kernel’s killer for memory and the node that goes away run no handlers.',
  how: 'Sends SIGKILL under load, starts the service again on the same journal and compares the counts of both lives. APM spans that the tracer had not released may be lost, and are counted.',
  fix: 'node --import keepspan/register app.js with a journal that survives the process: KEEPSPAN_JOURNAL_DIR',
  source: 'requirement, section 1; docs/guides/shutdown.md',
  run({ kill }) {
    const wrong = compareCounts(kill!, isOfKill);
    if (!kill!.replayed) wrong.push('the next process did not deliver what was left');
    if (wrong.length > 0) return fail(wrong);
    return counted(kill!, `killed with ${kill!.underWay} requests under way`);
  },
};

export const flushOrder: VerifyCheck = {
  id: 'KS-VERIFY-009',
  slug: 'flush-before-close',
  title: 'Connections are closed before the flush',
  target: 'process',
  stage: 'shutdown',
  rationale: 'What is flushed over connections that are closed is lost.',
  how: 'Reads the steps of observability_shutdown, and looks at every HTTP server that is closed: whether a flush was over by then. Sockets of databases and brokers are not looked at.',
  fix: 'leave closing to manage(server) and onShutdown(), or await flushObservability() before closing by hand',
  source: 'requirement, section 1; docs/guides/shutdown.md',
  run({ shutdown }) {
    const record = recordIn(shutdown!.log, 'observability_shutdown');
    if (record === undefined)
      return fail(['no observability_shutdown in the output: nothing was flushed in order']);
    const steps = (record.fields['steps'] ?? []) as readonly {
      readonly phase: string;
      readonly name: string;
      readonly outcome: string;
    }[];
    const flush = steps.findIndex(({ phase }) => phase === 'flush');
    const closing = steps.findIndex(({ phase }) => ['consumers', 'producers', 'pools'].includes(phase));
    const bad = steps.filter(({ phase, outcome }) => ['flush', 'final'].includes(phase) && outcome !== 'ok');
    const early = shutdown!.events.flatMap((event) =>
      event.event === 'closing' && event.flushed !== true ? [event] : [],
    );
    const wrong = [
      ...(flush < 0 ? ['no flush among the steps'] : []),
      ...(flush >= 0 && closing >= 0 && closing < flush ? ['a resource was closed before the flush'] : []),
      ...bad.map(({ phase, name, outcome }) => `${phase}: ${name} ${outcome}`),
      ...early.map(({ port }) => `the server on port ${port} was closed before a flush was over`),
    ];
    if (wrong.length > 0) return fail(wrong);
    const named = steps.filter(({ name }) => name !== PROBE_STEP);
    return pass(named.map(({ phase, name }) => `${phase}: ${name}`).join(', '));
  },
};

function counted({ ledger, arrivals }: InterruptionEvidence, how: string): CheckResult {
  if (SIGNAL_KINDS.every((kind) => ledger?.[kind].created === 0)) return unknown(how, 'no signal was made');
  return pass(
    how,
    ...SIGNAL_KINDS.map((kind) => `${kind}: ${shown(ledger![kind])}; ${arrivals.count(kind).unique} arrived`),
  );
}

function shown({ created, delivered, pending, sampledOut, dropped, lost }: KindLedger): string {
  const parts = [`${created} made`, `${delivered} delivered`];
  if (pending > 0) parts.push(`${pending} wait on disk`);
  if (sampledOut > 0) parts.push(`${sampledOut} sampled out`);
  for (const [reason, count] of [...Object.entries(dropped), ...Object.entries(lost)])
    if (count > 0) parts.push(`${count} ${reason}`);
  return parts.join(', ');
}
