import { Application, SidecarProcess } from './host.ts';
import { KINDS } from './oracle.ts';
import { losePower } from './power.ts';
import { DAY_MS, type Setting } from './setting.ts';
import { UPSTREAM_MODES, type UpstreamMode } from './upstream.ts';
import type { DiskMode } from './disk-faults.ts';
import { seeded } from '../support/seeded.ts';

export type StepName = keyof typeof STEPS;

/** One thing that happens. Its numbers are its own: a step means the same when others are left out. */
export interface Step {
  readonly name: StepName;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/** Who is there. */
export interface Cast {
  readonly applications: (Application | undefined)[];
  readonly sidecars: (SidecarProcess | undefined)[];
}

type Play = (setting: Setting, cast: Cast, step: Step) => void | Promise<void>;

const pick = <T>(list: readonly T[], at: number): T => list[Math.floor(at * list.length)]!;
const DISK_MODES: readonly DiskMode[] = ['ok', 'eio', 'full', 'read-only', 'slow', 'short'];
const BESIEGED_DISK: readonly DiskMode[] = ['full', 'read-only', 'eio', 'short'];
const BESIEGED_UPSTREAM: readonly UpstreamMode[] = ['reset', 'hang', 'slow', 'ok'];
/** Calls that a process makes in one or two steps. */
const AIM_CALLS = 45;

const STEPS = {
  take: (_setting, cast, { a, b, c }) =>
    pick(cast.applications, a)?.take(
      pick(KINDS, b),
      1 + Math.floor(c * 4),
      Math.floor(((c * 97) % 1) ** 3 * 1300),
    ),
  burst: (_setting, cast, { a, b, c }) => {
    const application = pick(cast.applications, a);
    for (let i = 0; i < 3 + c * 9; i++)
      application?.take(
        pick(KINDS, (b + i * 0.37) % 1),
        1 + (i % 3),
        Math.floor(((c * 31 + i * 0.61) % 1) * 400),
      );
  },
  finish: (_setting, cast, { a, b, c }) =>
    pick(cast.applications, a)?.finish(pick(KINDS, b), 1 + Math.floor(c * 3), c < 0.5),
  commit: (_setting, cast, { a }) => pick(cast.applications, a)?.commit(),
  pump: async ({ machine }, _cast, { a }) => void (await machine.pump(1 + Math.floor(a * 30))),
  pass: async ({ machine, oracle, maxAgeMs }, _cast, { a, b }) => {
    const ms = a < 0.7 ? b * 300 : a < 0.95 ? b * 3000 : b * 40_000;
    for (let passed = 0; passed < ms;) {
      const step = Math.min(ms - passed, Math.max(1, machine.nextTimerMs()));
      machine.pass(step);
      passed += step;
      await machine.pump(3);
    }
    oracle.aged(maxAgeMs);
  },
  upstream: ({ upstream, features }, _cast, { a, b }) => {
    if (features.besieged) upstream.mode = pick(BESIEGED_UPSTREAM, a);
    else upstream.mode = b > 0.75 ? 'moody' : pick(UPSTREAM_MODES, a);
  },
  disk: ({ machine, oracle, features }, _cast, { a, b }) => {
    if (features.besieged) machine.disk.mode = b < 0.1 ? 'ok' : pick(BESIEGED_DISK, a);
    else machine.disk.mode = b < 0.4 ? 'ok' : pick(DISK_MODES, a);
    oracle.faulty = true;
  },
  killApplication: ({ oracle }, cast, { a, b, c }) => {
    const application = pick(cast.applications, a);
    if (application === undefined) return;
    oracle.uncertain = true;
    if (b < 0.4) application.kill();
    else pick([...application.process.threads], c)!.callsLeft = Math.floor(c * AIM_CALLS);
  },
  killSidecar: ({ oracle, machine }, cast, { a, b, c }) => {
    const sidecar = pick(cast.sidecars, a);
    if (sidecar === undefined) return;
    oracle.uncertain = true;
    if (b < 0.4) machine.kill(sidecar.thread.process);
    else sidecar.thread.callsLeft = Math.floor(c * AIM_CALLS);
  },
  workerDies: (_setting, cast, { a }) => pick(cast.applications, a)?.workerDies(),
  restart: (setting, cast, { a }) => {
    const { applications, sidecars } = cast;
    const all = applications.length + sidecars.length;
    const at = Math.floor(a * all);
    if (at < applications.length) {
      if (applications[at]?.main.alive !== true)
        applications[at] = new Application(setting, setting.features.hosted);
    } else if (sidecars[at - applications.length]?.thread.alive !== true) {
      sidecars[at - applications.length] = new SidecarProcess(
        setting,
        setting.features.foreign ? 'pid:[2]' : undefined,
      );
    }
  },
  exit: (_setting, cast, { a }) => {
    const at = Math.floor(a * cast.applications.length);
    cast.applications[at]?.exit();
  },
  pause: (_setting, cast, { a, b }) => {
    const thread = pick(
      [...cast.sidecars.map((s) => s?.thread), ...cast.applications.map((p) => p?.worker?.thread)],
      a,
    );
    if (thread !== undefined) thread.paused = b < 0.5;
  },
  freeze: (_setting, cast, { a, b }) => pick(cast.applications, a)?.freeze(b < 0.6),
  /** With something in memory alone, for longer than a lease: what the seal takes for lost is there again. */
  standstill: async (setting, cast, { a, b, c }) => {
    const { machine, oracle } = setting;
    const application = pick(cast.applications, a);
    if (application === undefined) return;
    oracle.faulty = true;
    machine.disk.mode = 'full';
    application.take(pick(KINDS, b), 1 + Math.floor(c * 3), 100);
    application.commit();
    application.freeze(true);
    machine.disk.mode = 'ok';
    await STEPS.pass(setting, cast, { name: 'pass', a: 1, b: 1, c });
    application.freeze(false);
  },
  jump: ({ machine, oracle, maxAgeMs }, _cast, { a, b }) => {
    const reach = b < 0.7 ? 3_600_000 : 1.5 * DAY_MS;
    machine.setWall(machine.wallMs + Math.floor((a - 0.5) * 2 * reach));
    oracle.aged(maxAgeMs);
  },
  powerLoss: ({ machine, oracle }, cast) => {
    const processes = [
      ...cast.sidecars.map((s) => s?.thread.process),
      ...cast.applications.map((a) => a?.process),
    ];
    losePower(
      machine,
      oracle,
      processes.filter((process) => process !== undefined),
    );
  },
  flip: ({ machine, oracle }, _cast, { a, b, c }) => {
    const segments = [...machine.files.folders].flatMap(([, folder]) =>
      [...folder].filter(([name]) => name.endsWith('.seg')).map(([, file]) => file),
    );
    const file = pick(segments, a);
    if (file === undefined || file.size === 0) return;
    const offset = Math.floor(b * file.size);
    file.bytes[offset]! ^= 1 << Math.floor(c * 8);
    file.changed();
    oracle.damaged(file, offset);
  },
} satisfies Record<string, Play>;

const WEIGHTS: readonly (readonly [StepName, number, (setting: Setting) => boolean])[] = [
  ['take', 10, () => true],
  ['burst', 6, () => true],
  ['finish', 2, () => true],
  ['commit', 3, () => true],
  ['pump', 12, () => true],
  ['pass', 7, () => true],
  ['upstream', 5, () => true],
  ['disk', 5, ({ features }) => features.diskFaults || features.besieged],
  ['killApplication', 3, ({ features }) => features.kills],
  ['killSidecar', 2, ({ features }) => features.kills && features.sidecars > 0],
  ['workerDies', 1, ({ features }) => features.kills && features.hosted],
  ['restart', 5, () => true],
  ['exit', 1, () => true],
  ['pause', 2, ({ features }) => features.kills],
  ['freeze', 3, ({ features }) => features.foreign],
  ['standstill', 1, ({ features }) => features.foreign && features.diskFaults],
  ['jump', 2, ({ features }) => features.jumps],
  ['flip', 3, ({ features }) => features.flips],
  ['powerLoss', 2, ({ features }) => features.powerLoss],
];

/** What happens under a seed. */
export function stepsOf(setting: Setting, seed: number): Step[] {
  const random = seeded(seed ^ 0x1234567);
  const able = WEIGHTS.filter(([, , when]) => when(setting));
  const total = able.reduce((sum, [, weight]) => sum + weight, 0);
  return Array.from({ length: 8 + Math.floor(random() * 40) }, () => {
    let left = random() * total;
    const [name] = able.find(([, weight]) => (left -= weight) < 0) ?? able[0]!;
    return { name, a: random(), b: random(), c: random() };
  });
}

export async function play(setting: Setting, cast: Cast, step: Step): Promise<void> {
  await STEPS[step.name](setting, cast, step);
  noticeDeaths(cast);
}

/** A kill that was aimed earlier struck. */
export function noticeDeaths(cast: Cast): void {
  for (const [at, application] of cast.applications.entries()) {
    if (application === undefined || application.main.alive) continue;
    application.kill();
    cast.applications[at] = undefined;
  }
  for (const [at, sidecar] of cast.sidecars.entries())
    if (sidecar?.thread.alive === false) cast.sidecars[at] = undefined;
}
