// Preload of `keepspan observe`: counts what the tracer of this process finishes, and patches nothing.
import { observeTracer } from './pipeline/observe/source.ts';
import { takeOutOfEnvironment } from './settings/preload.ts';
import { isLauncher } from './settings/switch.ts';

const pages = new URL(import.meta.url).searchParams.get('pages');
if (pages !== null && !isLauncher()) {
  takeOutOfEnvironment(import.meta.url);
  observeTracer(pages);
}
