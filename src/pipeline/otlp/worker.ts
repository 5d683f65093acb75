import { parentPort, workerData } from 'node:worker_threads';
import type { ToWorker } from '../worker-messages.ts';
import { startOtlpDelivery } from './delivery-loops.ts';
import type { OtlpWorkerInput } from './worker-input.ts';

const port = parentPort!;
const loops = startOtlpDelivery(workerData as OtlpWorkerInput, (message) => port.postMessage(message), {
  holdsProcess: true,
});
port.on('message', (message: ToWorker) => loops.receive(message));
void loops.ended.then(() => port.close());
