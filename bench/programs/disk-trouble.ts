// LLM spans with large bodies on a disk in trouble, and what they cost the event loop. Argument: keepspan | plain.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { health, ledger } from 'keepspan';
import type { Side } from '../lib/observed.ts';
import { startTracer } from '../lib/tracer.ts';

export type Trouble = 'none' | 'full' | 'read-only' | 'throttled';

export interface TroubleRound {
  readonly trouble: Trouble;
  readonly ticks: number;
  readonly tickMs: number;
  /** Of each span: input and output together; every so many spans the large one. */
  readonly characters: number;
  readonly largeCharacters: number;
  readonly largeEvery: number;
}

export interface TroubleCost {
  readonly delayP999Ms: number;
  readonly delayMaxMs: number;
  /** Signals that waited in memory, or went at its bound, in the round. */
  readonly inMemory: number;
  readonly dropped: number;
  readonly unaccounted: number;
  /** How often the journal was said to be in trouble, so far. */
  readonly said: number;
}

const [side = ''] = process.argv.slice(2);
const tracer = startTracer(side as Side);
let trouble: Trouble = 'none';
/** What a throttled volume lets through. */
const BYTES_PER_MS = 2000;

/** The trouble is put where a segment is begun or grows; what this thread alone does is what its loop waits for. */
function installTrouble(): void {
  const { openSync, writeSync } = fs;
  const segments = new Set<number>();
  const refuse = (): void => {
    if (trouble === 'full') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    if (trouble === 'read-only') throw Object.assign(new Error('EROFS'), { code: 'EROFS' });
  };
  fs.openSync = (path, flags, mode) => {
    const isSegment = String(path).endsWith('.seg') && flags !== fs.constants.O_RDONLY;
    if (isSegment) refuse();
    const fd = openSync(path, flags, mode);
    if (isSegment) segments.add(fd);
    else segments.delete(fd);
    return fd;
  };
  const write = writeSync as (fd: number, data: Uint8Array, ...rest: readonly (number | null)[]) => number;
  const troubled = (fd: number, data: Uint8Array, offset = 0, length = data.length, at?: number): number => {
    if (segments.has(fd)) {
      refuse();
      if (trouble === 'throttled')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, length / BYTES_PER_MS);
    }
    return write(fd, data, offset, length, at ?? null);
  };
  fs.writeSync = troubled as typeof fs.writeSync;
  throttleProbes();
  syncBuiltinESMExports();
}

type Written = (error: NodeJS.ErrnoException | null, bytes: number) => void;

/** A throttled volume holds up libuv's threads as well, and nobody else. */
function throttleProbes(): void {
  const open = fs.open as (...args: readonly unknown[]) => void;
  const write = fs.write as (...args: readonly unknown[]) => void;
  const probes = new Set<number>();
  const opened = (path: string, flags: number, mode: number, done: Written): void =>
    open(path, flags, mode, (error: NodeJS.ErrnoException | null, fd: number) => {
      if (error === null && path.endsWith('/probe')) probes.add(fd);
      else probes.delete(fd);
      done(error, fd);
    });
  const written = (
    fd: number,
    data: Buffer,
    offset: number,
    length: number,
    at: number,
    done: Written,
  ): void => {
    const slowMs = trouble === 'throttled' && probes.has(fd) ? length / BYTES_PER_MS : 0;
    if (slowMs === 0) write(fd, data, offset, length, at, done);
    else setTimeout(() => write(fd, data, offset, length, at, done), slowMs);
  };
  fs.open = opened as typeof fs.open;
  fs.write = written as typeof fs.write;
}

if (side === 'keepspan') installTrouble();

async function play(round: TroubleRound): Promise<TroubleCost> {
  const { ticks, tickMs, characters, largeCharacters, largeEvery } = round;
  const delay = monitorEventLoopDelay({ resolution: 1 });
  trouble = round.trouble;
  let inMemory = 0;
  delay.enable();
  for (let tick = 1; tick <= ticks; tick++) {
    span((tick % largeEvery === 0 ? largeCharacters : characters) / 2);
    await pause(tickMs);
  }
  if (side === 'keepspan') inMemory = ledger().llmSpans.atRisk;
  trouble = 'none';
  // The way back counts, too.
  for (let waitedMs = 0; waitedMs < 2000; waitedMs += tickMs) await pause(tickMs);
  delay.disable();
  const { dropped = {}, unaccounted = 0 } = side === 'keepspan' ? ledger().llmSpans : {};
  return {
    delayP999Ms: delay.percentile(99.9) / 1e6,
    delayMaxMs: delay.max / 1e6,
    inMemory,
    dropped: Object.values(dropped).reduce((sum, n) => sum + n, 0),
    unaccounted,
    said: side === 'keepspan' ? (health().warnings['KS-JOURNAL-004'] ?? 0) : 0,
  };
}

function span(characters: number): void {
  tracer.llmobs.trace({ kind: 'llm', name: 'bench.llm', modelName: 'bench-model' }, (current) => {
    tracer.llmobs.annotate(current, {
      inputData: [{ role: 'user', content: 'i'.repeat(characters) }],
      outputData: [{ role: 'assistant', content: 'o'.repeat(characters) }],
    });
  });
}

process.on('message', (round: TroubleRound) => {
  void play(round).then((cost) => process.send!(cost));
});
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.send!('ready');
