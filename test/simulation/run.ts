import { Application, DIRECTORY, SidecarProcess } from './host.ts';
import { law, LawBroken } from './oracle.ts';
import { noticeDeaths, play, stepsOf, type Cast, type Step } from './schedule.ts';
import { Setting, type Features } from './setting.ts';
import type { Subject } from './subject.ts';
import { signalsIn } from './upstream.ts';
import type { JournalLedger } from '../../src/pipeline/ledger-view.ts';

export interface Result {
  readonly seed: number;
  readonly features: Features;
  readonly steps: readonly Step[];
  /** Indices of the steps that were played. */
  readonly played: readonly number[];
  /** The law that was broken, and how; undefined when all held. */
  readonly broken: { readonly law: string; readonly message: string } | undefined;
  readonly calls: number;
}

/** A machine that is left alone comes to rest within so many sweeps. */
const REST_SWEEPS = 60;
const PUMP_LIMIT = 20_000;

/** Plays one schedule to its end and judges it. @param only indices of the steps to play; all when absent */
export async function runSchedule(seed: number, subject: Subject, only?: readonly number[]): Promise<Result> {
  await new Promise(setImmediate); // Within a schedule the event loop does not turn.
  const setting = new Setting(seed, subject);
  const steps = stepsOf(setting, seed);
  const played = only ?? steps.map((_, i) => i);
  let broken: Result['broken'];
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = only === undefined ? 0 : stackTraceLimit; // Aborted pauses make errors, whose stacks cost most.
  try {
    const { applications, sidecars } = setting.features;
    const cast: Cast = {
      applications: Array.from(
        { length: applications },
        () => new Application(setting, setting.features.hosted),
      ),
      sidecars: Array.from(
        { length: sidecars },
        () => new SidecarProcess(setting, setting.features.foreign ? 'pid:[2]' : undefined),
      ),
    };
    for (const at of played) if (steps[at] !== undefined) await play(setting, cast, steps[at]);
    await stop(setting, cast);
    const { ledger, maybeTwice } = await rest(setting);
    setting.oracle.judge(ledger, maybeTwice);
  } catch (error) {
    if (error instanceof LawBroken) broken = { law: error.law, message: error.message };
    else
      broken = {
        law: 'L6',
        message: error instanceof Error ? (error.stack ?? error.message) : String(error),
      };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return { seed, features: setting.features, steps, played, broken, calls: setting.machine.calls };
}

/** Everybody ends: in order, or by a kill. Law L8: what is told to stop stops, whatever upstream does. */
async function stop(setting: Setting, cast: Cast): Promise<void> {
  const { machine, oracle, features } = setting;
  for (const delivery of [...cast.sidecars, ...cast.applications.map((a) => a?.worker)]) {
    if (delivery === undefined || !delivery.thread.alive) continue;
    delivery.thread.paused = false;
    delivery.thread.callsLeft = Infinity;
    let stopped = false;
    machine.run(delivery.thread, () => {
      void delivery.deliverer?.stop().then(() => {
        stopped = true;
      });
    });
    for (let passes = 0; passes < 5 && !stopped; passes++) {
      await machine.pump(PUMP_LIMIT, () => stopped);
      machine.pass(100);
    }
    law(
      'L8',
      stopped || !delivery.thread.alive,
      () =>
        `a deliverer did not stop in 500 ms; upstream ${setting.upstream.mode}, disk ${machine.disk.mode}`,
    );
  }
  noticeDeaths(cast);
  for (const application of cast.applications) {
    if (application === undefined) continue;
    application.freeze(false);
    if (features.besieged || machine.random() < 0.5) machine.disk.mode = 'ok';
    if (features.besieged) application.commit(); // Else nearly all that memory counted would end uncounted.
    if (features.kills && machine.random() < 0.5) application.kill();
    else application.exit();
  }
  for (const sidecar of cast.sidecars) if (sidecar !== undefined) machine.kill(sidecar.thread.process);
  oracle.faulty ||= machine.disk.mode !== 'ok';
}

/** Disk and upstream are well again, and one deliverer is left alone with the journal. */
async function rest(setting: Setting): Promise<JournalLedger> {
  const { machine, upstream, subject, oracle } = setting;
  machine.disk.mode = 'ok';
  upstream.mode = 'ok';
  await machine.pump(PUMP_LIMIT);
  // Leases of another boot or machine are told by wall time: after a clock was set back they last until it caught up.
  machine.wallMs = Math.max(machine.wallMs, machine.latestWallMs);
  machine.pass(61_000);
  oracle.aged(setting.maxAgeMs);
  await machine.pump(PUMP_LIMIT);
  const last = new SidecarProcess(setting);
  const writers = (): string[] =>
    [...machine.files.folders.keys()].filter((path) => path.startsWith(`${DIRECTORY}/w-`));
  for (let sweeps = 0; writers().length > 0; sweeps++) {
    law(
      'L4',
      sweeps < REST_SWEEPS,
      () =>
        `not delivered after ${REST_SWEEPS} sweeps: ${writers()
          .map((path) => `${path}: ${[...machine.files.folders.get(path)!.keys()].join(' ')}`)
          .join('; ')}`,
    );
    const done = await machine.pump(PUMP_LIMIT);
    law('L8', done < PUMP_LIMIT, () => 'it goes round in circles');
    machine.pass(1000);
    oracle.aged(setting.maxAgeMs); // A clock that was set may have left less than these sweeps.
  }
  machine.kill(last.thread.process);
  const reader = machine.spawn(machine.start(), 'observer');
  for (const file of machine.files.folders.get(`${DIRECTORY}/quarantine`)?.values() ?? []) {
    for (const line of file.content.toString().split('\n'))
      for (const signal of quarantinedIn(line)) oracle.quarantined.add(signal);
  }
  return machine.run(reader, () => subject.ledger.readJournalLedger(DIRECTORY, 'node'))!;
}

function quarantinedIn(line: string): number[] {
  try {
    const { payload } = JSON.parse(line) as { readonly payload: string };
    return signalsIn(Buffer.from(payload, 'base64').toString('latin1'));
  } catch {
    return []; // Torn by a full disk: it has to stand there once more.
  }
}
