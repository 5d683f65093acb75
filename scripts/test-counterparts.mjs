// npm run test:counterparts [-- file …]: the tests that talk to a real broker and a real endpoint. What they need is
// installed first, from package registries alone; what cannot be had ends with exit 2 and says how it is had.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_MAJOR, ROOT, filesBelow, foreground } from './lib/house.mjs';

/** All of it, whatever hangs. */
const LIMIT_MS = 20 * 60_000;
const TEST_MS = 170_000;

if (!process.version.startsWith(`v${NODE_MAJOR}.`)) {
  process.stderr.write(
    `test:counterparts: needs Node ${NODE_MAJOR}; start it with npm run test:counterparts\n`,
  );
  process.exit(2);
}
try {
  const { installKafka } = await import('./counterparts/install-kafka.ts');
  installKafka();
  const { installApmTestAgent } = await import('./counterparts/apm-test-agent.ts');
  installApmTestAgent();
  const { installCollector } = await import('./counterparts/collector.ts');
  installCollector();
  const { installMoto } = await import('./counterparts/moto.ts');
  installMoto();
  const { installPrometheus } = await import('./counterparts/prometheus.ts');
  installPrometheus();
} catch (error) {
  process.stderr.write(`test:counterparts: ${error.message}\n`);
  process.exit(2);
}

const args = process.argv.slice(2);
const chosen = args.filter((argument) => !argument.startsWith('-') && existsSync(argument));
const options = args.filter((argument) => !chosen.includes(argument));
const files = chosen.length
  ? chosen
  : filesBelow(join(ROOT, 'test', 'counterparts')).filter((file) => file.endsWith('.test.ts'));

process.exitCode = await foreground(
  process.execPath,
  [
    '--test',
    '--test-concurrency=1',
    `--test-timeout=${TEST_MS}`,
    '--test-reporter=spec',
    ...options,
    ...files,
  ],
  { timeout: LIMIT_MS },
);
