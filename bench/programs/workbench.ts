// A workbench on a file, in a process of its own. Says its URLs; answers every question with what it uses.
import { rmSync } from 'node:fs';
import { startWorkbench } from '../../src/workbench/workbench.ts';

export interface WorkbenchReady {
  readonly datadogUrl: string;
  readonly otlpUrl: string;
}

export interface WorkbenchUse {
  readonly memoryBytes: number;
  /** Of all its threads, user and system, since its start. */
  readonly processorUs: number;
}

const [databaseFile = '', maxStoredBytes = '0'] = process.argv.slice(2);
rmSync(databaseFile, { force: true });
const bench = await startWorkbench({
  databaseFile,
  ...(maxStoredBytes === '0' ? {} : { maxStoredBytes: Number(maxStoredBytes) }),
});
const ready: WorkbenchReady = { datadogUrl: bench.datadogUrl, otlpUrl: bench.otlpUrl };
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  const use: WorkbenchUse = { memoryBytes: process.memoryUsage.rss(), processorUs: user + system };
  process.send!(use);
});
process.on('disconnect', () => process.exit());
process.send!(ready);
