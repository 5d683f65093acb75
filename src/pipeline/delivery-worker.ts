import { parentPort, workerData } from 'node:worker_threads';
import { startDelivery } from './delivery-loops.ts';
import type { ToWorker, WorkerInput } from './worker-messages.ts';

const port = parentPort!;
const loops = startDelivery(workerData as WorkerInput, (message) => port.postMessage(message), {
  holdsProcess: true,
});
port.on('message', (message: ToWorker) => loops.receive(message));
void loops.ended.then(() => port.close());
