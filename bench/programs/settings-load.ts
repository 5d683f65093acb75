// Reads the settings of this environment once, as a process does at its start: ours, or dd-trace its own.
import { createRequire } from 'node:module';
import { loadSettings } from '../../src/settings/load.ts';

/** Milliseconds. */
export interface LoadCost {
  readonly cpuMs: number;
  /** What was wrong; 0 for dd-trace, which does not say. */
  readonly problems: number;
}

const require = createRequire(import.meta.url);
const read =
  process.argv[2] === 'keepspan'
    ? () => loadSettings().problems.length
    : ddTraceConfig(require('dd-trace/packages/dd-trace/src/config/index.js') as (options: object) => object);

function ddTraceConfig(config: (options: object) => object): () => number {
  return () => (config({}) === undefined ? 1 : 0);
}

const before = process.threadCpuUsage();
const problems = read();
const { user, system } = process.threadCpuUsage(before);
process.send!({ cpuMs: (user + system) / 1_000, problems } satisfies LoadCost);
process.disconnect();
