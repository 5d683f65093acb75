import { createRequire } from 'node:module';
import { extname } from 'node:path';
import type { DeliveryHost, HostOptions } from './delivery-host.ts';
import type * as InProcess from './in-process-host.ts';
import { WorkerHost } from './worker-host.ts';

/**
 * Starts delivery in a thread of its own, or in this one: where everything stands still between two calls (AWS Lambda),
 * a thread costs its start and delivers no more.
 */
export function startHost(where: 'worker' | 'process', options: HostOptions): DeliveryHost {
  if (where === 'worker') return new WorkerHost(options);
  // Only now: a process with a thread for it would load the whole of delivery twice.
  const load = createRequire(import.meta.url);
  const { InProcessHost } = load(`./in-process-host${extname(import.meta.url)}`) as typeof InProcess;
  return new InProcessHost(options);
}
