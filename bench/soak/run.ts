// node bench/soak/run.ts [--spans 10000000] [--json]: many spans through one process; what it holds must stay flat.
import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

const SILENCE_MS = 120_000;
const { values } = parseArgs({
  options: {
    spans: { type: 'string', default: '10000000' },
    json: { type: 'boolean', default: false },
  },
});
const spans = Number(values.spans);
if (!Number.isSafeInteger(spans) || spans < 1) {
  process.stderr.write(`soak: --spans is a count, not ${values.spans}\n`);
  process.exit(2);
}

const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
const report = await soak(spans, SILENCE_MS, (sample) => {
  if (values.json) return;
  process.stdout.write(
    `${(sample.atMs / 1000).toFixed(0).padStart(5)} s  ${String(sample.spans).padStart(9)} spans` +
      `  rss ${mb(sample.rssBytes)}  heap ${mb(sample.heapBytes)}  ${sample.openFiles} fds` +
      `  journal ${sample.journalFiles} files, ${mb(sample.journalBytes)}\n`,
  );
});
if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
else {
  process.stdout.write(
    `${report.spans} spans in ${(report.tookMs / 1000).toFixed(0)} s, ` +
      `${report.received.different} different ones arrived in ${report.received.requests} requests\n`,
  );
  for (const { held, firstMax, lastMax } of report.flatness)
    process.stdout.write(`  ${held}: ${firstMax} in the first third, ${lastMax} in the last\n`);
  for (const finding of report.findings) process.stdout.write(`  ✖ ${finding}\n`);
}
if (report.findings.length > 0) process.exitCode = 1;
