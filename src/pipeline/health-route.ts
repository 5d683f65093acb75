import { EventEmitter } from 'node:events';
import { createServer } from 'node:http';
import { warnOnce } from '../selfmetrics/warnings.ts';
import { PROMETHEUS_TYPE } from '../selfmetrics/prometheus.ts';
import type { Health } from './session-types.ts';
import { leaveOut } from './watch/requests.ts';

export interface HealthRoute {
  readonly port: number;
  /** Address to listen on. */
  readonly host: string;
}

/**
 * Answers `GET /health` with what `health()` says, 200 for ok and degraded, 503 for failing; `GET /metrics`
 * with our own metrics as Prometheus reads them. It keeps no process alive, is neither traced
 * nor counted as traffic. A port that cannot be had is a warning.
 *
 * @returns what closes it
 */
export function serveHealth(
  { port, host }: HealthRoute,
  health: () => Health,
  metrics: () => string,
): () => void {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (
      (path !== '/health' && path !== '/metrics') ||
      (request.method !== 'GET' && request.method !== 'HEAD')
    ) {
      response.writeHead(404).end();
      return;
    }
    if (path === '/metrics') {
      response.writeHead(200, { 'content-type': PROMETHEUS_TYPE, 'cache-control': 'no-store' });
      response.end(request.method === 'HEAD' ? undefined : metrics());
      return;
    }
    const found = health();
    response.writeHead(found.status === 'failing' ? 503 : 200, {
      'content-type': 'application/json',
      'cache-control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : JSON.stringify(found));
  });
  // Tracers wrap http.Server.prototype.emit: a span for each scrape would be noise that hides the silence it looks for.
  server.emit = (...args: Parameters<EventEmitter['emit']>) =>
    EventEmitter.prototype.emit.apply(server, args);
  leaveOut(server);
  server.unref();
  server.on('connection', (socket) => socket.unref());
  server.on('error', (error) => warnOnce('KS-START-004', { port, error: error.message }));
  server.listen(port, host);
  return () => {
    server.close();
    server.closeAllConnections();
  };
}
