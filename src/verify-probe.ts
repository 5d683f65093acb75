// Preload of `keepspan verify`: tells where the service listens and who closes it, and hides packages where asked to.
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { takeOutOfEnvironment } from './settings/preload.ts';
import { isLauncher } from './settings/switch.ts';
import { hidePackages } from './verify/probe/hide.ts';
import { watchServers } from './verify/probe/servers.ts';

const { searchParams } = new URL(import.meta.url);
const folder = searchParams.get('folder');
if (folder !== null && isMainThread && !isLauncher()) {
  takeOutOfEnvironment(import.meta.url);
  hidePackages(searchParams.get('hide')?.split(',') ?? []);
  watchServers(join(folder, `${process.pid}.jsonl`));
}
