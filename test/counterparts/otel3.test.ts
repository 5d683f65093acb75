// OpenTelemetry's SDK 3.x, which is the package @opentelemetry/sdk-trace with an API from 1.10 on: installed beside the
// checkout, for its API would be a second copy in it.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { startOtlpReceiver } from '../otlp/receiver.ts';
import { withJournal } from '../otlp/support.ts';

const VERSIONS = { '@opentelemetry/api': '1.10.0', '@opentelemetry/sdk-trace': '3.1.1' };
const ROOT = join(import.meta.dirname, '..', '..');
const folder = join(privateFolder(), 'counterparts', 'otel3');

const PROGRAM = `
import { context, trace } from '@opentelemetry/api';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { CustodySpanProcessor } from ${JSON.stringify(pathToFileURL(join(ROOT, 'src', 'otel.ts')).href)};
import * as keepspan from ${JSON.stringify(pathToFileURL(join(ROOT, 'src', 'index.ts')).href)};
const [from, url] = process.argv.slice(2);
if (from === 'processor') {
  const provider = new TracerProvider({ spanProcessors: [new CustodySpanProcessor({ endpoint: url })] });
  trace.setGlobalTracerProvider(provider);
} else {
  keepspan.initObservability({ stack: 'otlp', otlpEndpoint: url });
  if (from === 'before') trace.setGlobalTracerProvider(new TracerProvider());
}
const inner = keepspan.task('inner', () => 1);
keepspan.workflow('outer', () => inner())();
const parent = trace.getTracer('app').startSpan('parent', { attributes: { 'gen_ai.request.model': 'm' } });
trace.getTracer('app').startSpan('child', {}, trace.setSpan(context.active(), parent)).end();
parent.recordException(new Error('oops'));
parent.end();
await keepspan.flushObservability({ timeoutMs: 20_000 });
process.stdout.write(JSON.stringify({ ledger: keepspan.ledger(), reasons: keepspan.health().reasons }));
`;

before(async () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies: VERSIONS }),
  );
  writeFileSync(join(folder, 'program.mjs'), PROGRAM);
  if (existsSync(join(folder, 'node_modules', '@opentelemetry', 'sdk-trace'))) return;
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder, timeout: 240_000 });
});

for (const from of ['processor', 'before', 'none']) {
  test(`SDK 3.x, provider ${from}: every span once`, { timeout: 120_000 }, () =>
    withJournal(async (journal) => {
      const receiver = await startOtlpReceiver();
      try {
        const child = spawn(process.execPath, [join(folder, 'program.mjs'), from, receiver.url], {
          cwd: folder,
          env: { PATH: process.env['PATH'], HOME: process.env['HOME'], KEEPSPAN_JOURNAL_DIR: journal },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        let stdout = '';
        let stderr = '';
        child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
        child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
        const [code] = (await once(child, 'close')) as [number | null];
        assert.equal(code, 0, stderr);
        assert.deepEqual(
          [...receiver.names].sort(),
          ['child', 'inner', 'invoke_workflow outer', 'parent'],
          stderr,
        );
        const { ledger, reasons } = JSON.parse(stdout) as {
          ledger: Record<string, { created: number; delivered: number; unaccounted: number }>;
          reasons: string[];
        };
        assert.deepEqual(reasons, []);
        const { spans, llmSpans } = ledger;
        assert.equal(spans!.created + llmSpans!.created, 4);
        assert.equal(spans!.delivered + llmSpans!.delivered, 4);
      } finally {
        await receiver.close();
      }
    }),
  );
}
