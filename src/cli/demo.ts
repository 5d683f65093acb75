import { createRequire } from 'node:module';
import { extname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { VERSION } from '../pipeline/version.ts';
import { CODES } from '../selfmetrics/codes.ts';
import { wantsColor } from '../settings/terminal.ts';
import { compareCounts, isOfKill, wrongExit } from '../verify/compare.ts';
import { privateFolder, serviceEnvironment } from '../verify/environment.ts';
import { lineOutcomes } from '../verify/lines.ts';
import { VERIFY_CHECKS } from '../verify/registry.ts';
import { checklistEntries, verifyText, type ChecklistEntry } from '../verify/report.ts';
import { runVerification, type VerifyRun } from '../verify/run.ts';
import { ServiceError } from '../verify/service.ts';
import { runOutage } from '../verify/stages.ts';
import type { Surroundings } from '../verify/surroundings.ts';
import { Traffic } from '../verify/traffic.ts';
import { startWorkbench } from '../workbench/workbench.ts';
import { endServicesWithUs, removeFolder } from './clean-up.ts';
import { demoDocuments } from './demo/documents.ts';
import { demoDrill, drillTable, type DemoDrill } from './demo/report.ts';
import { startStandIn } from './demo/standin.ts';
import { DemoCallers } from './demo/traffic.ts';
import { fold } from './fold.ts';
import { stopSignal } from './stop-signal.ts';

interface DemoOptions {
  readonly once?: boolean;
  readonly json?: boolean;
  readonly color: boolean;
}

/** dd-trace is what the demonstration makes spans with, and it is not here. */
class NoTracerError extends Error {
  override readonly name = 'NoTracerError';
  readonly code = 'KS-DEMO-001';
  readonly fix = CODES['KS-DEMO-001'].fix;
}

const START_TIMEOUT_MS = 30_000;
const TRACE_TIMEOUT_MS = 60_000;
const RULES = [
  { noise: 'health', sample_rate: 0 },
  { name: 'http.request', tags: { 'http.url': '*/queues/*' }, sample_rate: 0.01 },
];

/** Adds `keepspan demo`: a service of our own, drilled in front of the user. */
export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description(
      'run a small service through the drills and the checklist, and show what became of every signal',
    )
    .option('--once', 'end after the report; without it the page stays up until Ctrl-C (on a terminal)')
    .option('--json', 'one JSON document on stdout, then the end')
    .option('--no-color', 'no colours')
    .action((options: DemoOptions) => demo(options));
}

async function demo(options: DemoOptions): Promise<void> {
  const say = (text: string): void => {
    if (options.json !== true) process.stdout.write(fold(`${text}\n`, process.stdout));
  };
  if (!hasTracer()) throw new NoTracerError('dd-trace is not installed here');
  const startMs = performance.now();
  const documents = demoDocuments(process.cwd(), fileURLToPath(new URL('../../..', import.meta.url)));
  const folder = privateFolder();
  let rows: readonly ChecklistEntry[] = [];
  const standIn = await startStandIn();
  const takeBack = endServicesWithUs(folder);
  const workbench = await startWorkbench({ checklist: () => rows });
  try {
    const callers = new DemoCallers(documents);
    const at = surroundings(folder, standIn.url, callers, workbench);
    say(
      `${documents.length} documents from installed packages; the model is a stand-in by patterns, no model`,
    );
    const run = await runVerification(VERIFY_CHECKS, at, (what) => say(`drill: ${what}`));
    say('drill: upstream away, SIGTERM, and back');
    const drills = [...drillsOf(run), await outageDrill(at)];
    const lines = lineOutcomes(run.outcomes);
    rows = checklistEntries(lines, Date.now());
    const ok =
      drills.every(({ problems }) => problems.length === 0) && lines.every(({ status }) => status !== 'fail');
    const durationMs = performance.now() - startMs;
    const quality = callers.quality();
    if (options.json === true) {
      const checks = lines.map(({ line, status }) => ({ line, status }));
      const report = {
        schemaVersion: 1,
        keepspan: VERSION,
        ok,
        documents: documents.length,
        quality,
        drills,
        checks,
      };
      process.stdout.write(`${JSON.stringify({ ...report, durationMs: Math.round(durationMs) })}\n`);
    } else {
      const color = options.color && wantsColor(process.stdout);
      say(`\n${drillTable(drills)}\n`);
      for (const { name, problems } of drills) for (const problem of problems) say(`✖ ${name}: ${problem}`);
      say(`${quality.correct} of ${quality.fields} fields are what package.json says\n`);
      say(verifyText(lines, { verbose: false, color, durationMs }));
    }
    if (!ok) process.exitCode = 1;
    if (options.once !== true && options.json !== true && process.stdout.isTTY) {
      takeBack();
      const stopped = stopSignal();
      say(`The workbench shows it all: ${workbench.uiUrl} (Ctrl-C ends it)`);
      await stopped;
    } else say(`Page: ${workbench.uiUrl} (on a terminal and without --once it stays)`);
  } catch (error) {
    if (error instanceof ServiceError) process.stderr.write(`${error.output.join('\n')}\n`);
    throw error;
  } finally {
    standIn.close();
    await workbench.close();
    takeBack();
    removeFolder(folder);
  }
}

/** Where the service will look for it. */
function hasTracer(): boolean {
  return [pathToFileURL(join(process.cwd(), 'package.json')).href, import.meta.url].some((from) => {
    try {
      createRequire(from).resolve('dd-trace/package.json');
      return true;
    } catch {
      return false;
    }
  });
}

function surroundings(
  folder: string,
  standInUrl: string,
  callers: DemoCallers,
  workbench: NonNullable<Surroundings['workbench']>,
): Surroundings {
  const extension = extname(import.meta.url);
  const register = new URL(`../register${extension}`, import.meta.url).href;
  const service = fileURLToPath(new URL(`./demo/service${extension}`, import.meta.url));
  const variables = {
    DD_LLMOBS_ENABLED: '1',
    DD_LLMOBS_ML_APP: 'keepspan-demo',
    DD_SERVICE: 'keepspan-demo',
    DD_ENV: 'production',
    DD_VERSION: VERSION,
    DD_TRACE_SAMPLING_RULES: JSON.stringify(RULES),
    KEEPSPAN_STACK: undefined,
  };
  return {
    command: [process.execPath, '--import', register, service, standInUrl],
    cwd: process.cwd(),
    env: (agentUrl, journal, off) => serviceEnvironment(agentUrl, journal, off, variables),
    ...{ folder, workbench },
    traffic: new Traffic((baseUrl) => callers.call(baseUrl)),
    rounds: callers.documents.length,
    startTimeoutMs: START_TIMEOUT_MS,
    traceTimeoutMs: TRACE_TIMEOUT_MS,
  };
}

function drillsOf({ context: { shutdown, kill } }: VerifyRun): DemoDrill[] {
  const drills: DemoDrill[] = [];
  if (shutdown !== undefined) {
    const problems = [...compareCounts(shutdown, () => false), ...wrongExit('SIGTERM', shutdown.exit)];
    drills.push(demoDrill('sigterm', shutdown, problems));
  }
  if (kill !== undefined) drills.push(demoDrill('sigkill', kill, compareCounts(kill, isOfKill)));
  return drills;
}

async function outageDrill(at: Surroundings): Promise<DemoDrill> {
  const outage = await runOutage(at);
  const waits = outage.replayed ? [] : ['what waited was not delivered when the upstream was back'];
  return demoDrill('outage', outage, [...compareCounts(outage, () => false), ...waits]);
}
