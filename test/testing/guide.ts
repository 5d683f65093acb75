import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..');
const GUIDE = new URL('../../docs/guides/testing.md', import.meta.url);

/** The service that the examples of the guide start, as `app.js`. */
const APP = `
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { exportSpan, manage, submitEvaluation, workflow } from 'keepspan';

const answer = workflow('answer', async () => {
  await pause(20);
  submitEvaluation({ span: exportSpan(), label: 'tone', metricType: 'score', value: 0.5 });
});
const server = createServer(async (request, response) => {
  request.resume();
  await answer();
  response.end('yes');
});
manage(server);
server.listen(0, '127.0.0.1');
`;

/** An example of the guide, by the name behind its fence. */
export function exampleOf(name: 'node' | 'vitest' | 'jest'): string {
  const found = new RegExp(`^\`\`\`js file=${name}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(
    readFileSync(GUIDE, 'utf8'),
  );
  if (found?.[1] === undefined) throw new Error(`the guide has no example ${name}`);
  return found[1];
}

/** A project in `folder` with the service, and the package as it would be installed there. */
export function project(folder: string): void {
  const installed = join(folder, 'node_modules', 'keepspan');
  mkdirSync(installed, { recursive: true });
  const { name, type, exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Record<
    string,
    object
  >;
  const testing = { types: './dist/testing.d.ts', default: './dist/testing.js' };
  writeFileSync(
    join(installed, 'package.json'),
    JSON.stringify({ name, type, exports: { ...exports, './testing': testing } }),
  );
  symlinkSync(join(ROOT, 'dist'), join(installed, 'dist'));
  writeFileSync(join(folder, 'app.js'), APP);
}
