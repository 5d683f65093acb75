import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/**
 * Counts the HTTP requests that this process is asked, traced or not (channel `http.server.request.start` of node:http):
 * what tells a service without traffic from one whose tracer is blind.
 */
export function countHttpRequests(): { readonly count: () => number; readonly stop: () => void } {
  let requests = 0;
  const onRequest = () => {
    requests += 1;
  };
  subscribe('http.server.request.start', onRequest);
  return { count: () => requests, stop: () => unsubscribe('http.server.request.start', onRequest) };
}
