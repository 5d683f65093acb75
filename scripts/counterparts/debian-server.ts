import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DebianProgram, giveAway, installDebian, unprivileged } from './debian.ts';
import { freePorts, runLeashed, thrice, until } from './started.ts';

/** A program and its arguments. */
export type CommandLine = readonly [program: string, ...args: readonly string[]];

/** One start of a server: the program that was found, a folder of its own, free ports of 127.0.0.1. */
export interface Place {
  readonly program: string;
  readonly folder: string;
  readonly ports: readonly number[];
}

/** How a server that comes as a Debian package is started on loopback. */
export interface DebianServer {
  readonly name: string;
  readonly package: DebianProgram;
  readonly portCount: number;
  /** From its start until it answers; the same again for what makes its data. */
  readonly startMs: number;
  /** What makes its data, run before it. */
  prepare?(place: Place): CommandLine;
  command(place: Place): CommandLine;
  /** Resolves when it answers; asked again until then. */
  ask(ports: readonly number[]): Promise<unknown>;
}

export interface StartedServer {
  readonly ports: readonly number[];
  /** Resolves when it is gone, and its folder with it. */
  readonly stop: () => Promise<void>;
}

/**
 * Installs what is missing and starts it, its data in a folder of its own, never as root.
 *
 * @throws what it printed, when it does not answer in three attempts
 */
export function startDebianServer(server: DebianServer): Promise<StartedServer> {
  const program = installDebian(server.package);
  return thrice(async () => {
    const folder = mkdtempSync(join(tmpdir(), `keepspan-${server.name.toLowerCase()}-`));
    const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    giveAway(folder);
    const ports = await freePorts(server.portCount);
    const place: Place = { program, folder, ports };
    try {
      if (server.prepare !== undefined) prepare(server.prepare(place), folder, server.startMs);
    } catch (error) {
      remove();
      throw error;
    }
    const [name, ...args] = server.command(place);
    const { command, before } = unprivileged(name);
    const running = runLeashed(command, [...before, ...args], folder);
    const stop = async (): Promise<void> => {
      await running.stop();
      remove();
    };
    try {
      await until(() => server.ask(ports), server.startMs, running.died);
    } catch (error) {
      await stop();
      throw new Error(`${server.name} did not start: ${running.output()}`, { cause: error });
    }
    return { ports, stop };
  });
}

function prepare([name, ...args]: CommandLine, cwd: string, timeout: number): void {
  const { command, before } = unprivileged(name);
  const { status, stdout, stderr } = spawnSync(command, [...before, ...args], {
    encoding: 'utf8',
    cwd,
    timeout,
  });
  if (status !== 0) throw new Error(`${name}: ${stdout}${stderr}`);
}
