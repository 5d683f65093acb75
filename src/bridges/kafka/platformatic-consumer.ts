import type { ResourceAdapter } from '../../contracts/lifecycle.ts';
import { hasMethods } from '../shape.ts';
import { finishLoops } from './platformatic-loops.ts';

interface Consumer {
  close(force: boolean): Promise<void>;
}

/**
 * Recognises a consumer of @platformatic/kafka. The messages that `for await` loops work on are finished first, while
 * their offsets can still be committed; it is then closed by force, which ends its streams: without, it refuses while
 * there are any. A `data` listener's own asynchronous work cannot be seen.
 */
export const platformaticConsumerAdapter: ResourceAdapter = (resource) => {
  if (!hasMethods<Consumer>(resource, ['consume', 'fetch', 'joinGroup', 'leaveGroup', 'close']))
    return undefined;
  return {
    phase: 'consumers',
    name: '@platformatic/kafka consumer',
    close: async () => {
      await finishLoops(resource);
      await resource.close(true);
    },
  };
};
