// Preload of `keepspan doctor -- <command>`: watches the start of the application and writes one report.
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { variablesOf } from './checks/project/variables.ts';
import { probeStart } from './checks/probe/probe.ts';
import { processEnvironment } from './settings/environment.ts';
import { takeOutOfEnvironment } from './settings/preload.ts';
import { isLauncher } from './settings/switch.ts';

const { searchParams } = new URL(import.meta.url);
const folder = searchParams.get('folder');
if (folder !== null && isMainThread && !isLauncher()) {
  const variables = variablesOf(processEnvironment()).map(({ name, value }) => [name, value] as const);
  takeOutOfEnvironment(import.meta.url);
  probeStart({
    file: join(folder, `${process.pid}.json`),
    waitMs: Number(searchParams.get('waitMs')),
    variables: Object.fromEntries(variables),
  });
}
