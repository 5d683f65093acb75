import type { BatchEncoder } from '../../src/contracts/delivery.ts';
import type { Clock } from '../../src/kernel/clock.ts';
import { DISK_CODES } from './disk-faults.ts';
import { Killed, Machine, type Thread } from './machine.ts';
import { Oracle } from './oracle.ts';
import type { Subject } from './subject.ts';
import { encoderFor, Upstream } from './upstream.ts';
import { seeded } from '../support/seeded.ts';

export const DAY_MS = 24 * 3600 * 1000;

/** Which kinds of trouble one schedule knows: a swarm of schedules with few each finds more than one kind of all. */
export interface Features {
  readonly sync: boolean;
  readonly fullJournal: boolean;
  readonly diskFaults: boolean;
  readonly flips: boolean;
  readonly kills: boolean;
  readonly jumps: boolean;
  readonly powerLoss: boolean;
  /** Another pid namespace: leases decide. */
  readonly foreign: boolean;
  /** Writers have a worker of their own; else sidecars deliver them. */
  readonly hosted: boolean;
  readonly applications: number;
  readonly sidecars: number;
  /** The disk hardly ever takes anything and upstream's answers get lost: records wait, and go, in memory. */
  readonly besieged: boolean;
}

function featuresOf(seed: number): Features {
  const random = seeded(seed);
  const chance = (p: number): boolean => random() < p;
  const hosted = chance(0.6);
  return {
    sync: chance(0.3),
    fullJournal: chance(0.4),
    diskFaults: chance(0.4),
    flips: chance(0.15),
    kills: chance(0.7),
    jumps: chance(0.25),
    powerLoss: chance(0.08),
    foreign: chance(0.15),
    hosted,
    applications: chance(0.4) ? 2 : 1,
    sidecars: chance(0.3) ? 2 : hosted && chance(0.5) ? 0 : 1,
    besieged: chance(0.15),
  };
}

/** Everything one schedule plays with. */
export class Setting {
  readonly features: Features;
  readonly subject: Subject;
  readonly oracle: Oracle;
  readonly machine: Machine;
  readonly upstream: Upstream;
  readonly encoder: BatchEncoder;
  readonly wholeEncoder: BatchEncoder;
  readonly clock: Clock;
  readonly maxAgeMs = DAY_MS;
  readonly maxBytes: number;
  readonly sync: boolean;

  constructor(seed: number, subject: Subject) {
    this.features = featuresOf(seed);
    this.subject = subject;
    const oracle: Oracle = new Oracle(() => this.machine);
    this.oracle = oracle;
    this.machine = new Machine(seed, oracle);
    const { machine } = this;
    this.upstream = new Upstream(machine, oracle);
    this.encoder = encoderFor(true);
    this.wholeEncoder = encoderFor(false);
    this.clock = { now: () => machine.nowMs, wall: () => machine.wallMs };
    this.maxBytes = this.features.fullJournal ? 3000 + machine.below(9000) : 1 << 20;
    this.sync = this.features.sync;
    machine.files.folders.set('/j', new Map());
  }

  /** What the code under test said went wrong: only what the disk did, and what another deliverer took over. */
  failed(error: unknown, thread: Thread): void {
    if (error instanceof Killed || !thread.alive) return;
    const { code, message } = error as { readonly code?: string; readonly message?: string };
    const known =
      DISK_CODES.has(code ?? '') || /taken over|short write|no room|disk is slow/.test(message ?? '');
    if (!known)
      this.oracle.note(
        'L6',
        `unexpected: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
  }
}
