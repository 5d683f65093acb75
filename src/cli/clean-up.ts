import { rmSync } from 'node:fs';
import { constants } from 'node:os';
import { killServices } from '../verify/service.ts';

const BY_SIGNAL = 128;

/** Takes a folder of ours away, with everything in it. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
}

/**
 * Until it is taken back, Ctrl-C and SIGTERM end the services that run and remove the folder, and us.
 *
 * @returns what takes it back
 */
export function endServicesWithUs(folder: string): () => void {
  const end = (signal: NodeJS.Signals): void => {
    killServices();
    removeFolder(folder);
    process.exit(BY_SIGNAL + constants.signals[signal]);
  };
  process.on('SIGINT', end).on('SIGTERM', end);
  return () => {
    process.off('SIGINT', end).off('SIGTERM', end);
  };
}
