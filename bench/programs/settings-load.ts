// Reads the settings of this environment once, as a process does at its start: ours, or dd-trace its own.
import { createRequire } from 'node:module';
import { loadSettings } from '../../src/settings/load.ts';

/** Milliseconds. */
export interface LoadCost {
  readonly cpuMs: number;
  /** Slips in names, and contradictions: looked for once the application has been started. */
  readonly laterCpuMs: number;
  /** What was wrong; 0 for dd-trace, which does not say. */
  readonly problems: number;
}

const require = createRequire(import.meta.url);
const [read, look] = process.argv[2] === 'keepspan' ? ours() : ddTraces();

function ours(): [() => void, () => number] {
  let loaded: ReturnType<typeof loadSettings> | undefined;
  return [() => (loaded = loadSettings()), () => loaded?.problems.length ?? -1];
}

function ddTraces(): [() => void, () => number] {
  const config = require('dd-trace/packages/dd-trace/src/config/index.js') as (options: object) => object;
  return [() => config({}), () => 0];
}

function cpuMsOf(work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / 1_000;
}

let problems = -1;
const cpuMs = cpuMsOf(read);
const laterCpuMs = cpuMsOf(() => (problems = look()));
process.send!({ cpuMs, laterCpuMs, problems } satisfies LoadCost);
process.disconnect();
