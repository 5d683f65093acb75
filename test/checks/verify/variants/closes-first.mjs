// A handler that closes the server before anybody has flushed.
import { Server } from 'node:http';

const { listen } = Server.prototype;
Server.prototype.listen = function (...args) {
  process.once('SIGTERM', () => this.close());
  return listen.apply(this, args);
};
