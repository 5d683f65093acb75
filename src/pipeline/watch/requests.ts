import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Servers of our own: what they are asked is no traffic of the application. */
const ownServers = new WeakSet<object>();

/** Leaves a server out of every count of requests. */
export function leaveOut(server: object): void {
  ownServers.add(server);
}

/** The number of requests, and the end of counting. */
export interface RequestCount {
  /** Begins to count when it is first asked: a process that nobody watches subscribes to nothing. */
  readonly count: () => number;
  readonly stop: () => void;
}

/**
 * Counts the HTTP requests that this process answers, traced or not (channel `http.server.response.finish` of node:http):
 * what tells a service without traffic from one whose tracer is blind. When they are answered, because that is when
 * their trace is due: one that is at work for minutes owes none yet.
 */
export function countHttpRequests(): RequestCount {
  let requests = 0;
  let isCounting = false;
  const onFinish = (message: unknown) => {
    const { server } = message as { readonly server?: object };
    if (server === undefined || !ownServers.has(server)) requests += 1;
  };
  return {
    count() {
      if (!isCounting) subscribe(CHANNEL, onFinish);
      isCounting = true;
      return requests;
    },
    stop: () => void unsubscribe(CHANNEL, onFinish),
  };
}

const CHANNEL = 'http.server.response.finish';
