// Preload: `node --import keepspan/register app.js`. Off, it reads two variables and writes one line.
import { workerData } from 'node:worker_threads';
import { start } from './pipeline/init.ts';

/** Our own delivery worker must not observe itself. */
const isOurWorker = (workerData as { readonly keepspanInternal?: boolean } | null)?.keepspanInternal === true;

if (!isOurWorker) start();
