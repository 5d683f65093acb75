// A workbench on a file, in a process of its own. Says its URLs; answers every question with its memory in bytes.
import { rmSync } from 'node:fs';
import { startWorkbench } from '../../src/workbench/workbench.ts';

export interface WorkbenchReady {
  readonly datadogUrl: string;
  readonly otlpUrl: string;
}

const [databaseFile = '', maxStoredBytes = '0'] = process.argv.slice(2);
rmSync(databaseFile, { force: true });
const bench = await startWorkbench({
  databaseFile,
  ...(maxStoredBytes === '0' ? {} : { maxStoredBytes: Number(maxStoredBytes) }),
});
const ready: WorkbenchReady = { datadogUrl: bench.datadogUrl, otlpUrl: bench.otlpUrl };
process.on('message', () => process.send!(process.memoryUsage.rss()));
process.on('disconnect', () => process.exit());
process.send!(ready);
