import type { DeliveryHost, HostOptions } from './delivery-host.ts';
import { lazily } from './init.ts';
import { WorkerHost } from './worker-host.ts';

/**
 * Starts delivery in a thread of its own, or in this one: where everything stands still between two calls (AWS Lambda),
 * a thread costs its start and delivers no more.
 */
export function startHost(where: 'worker' | 'process', options: HostOptions): DeliveryHost {
  if (where === 'worker') return new WorkerHost(options);
  const { InProcessHost } = lazily<typeof import('./in-process-host.ts')>('in-process-host');
  return new InProcessHost(options);
}
