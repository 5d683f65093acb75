import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { privateFolder } from '../lib/private-folder.ts';
import { startReceiver, type Receiver } from '../../test/support/receiver.ts';
import { runChecks, type ChecksReport } from './checks.ts';
import { loadCorpus, type CorpusEntry } from './corpus.ts';
import { runDrill, type DrillOutcome } from './drills.ts';
import { chosenModel, cleanEnvironment, serviceEnvironment, type ModelChoice } from './environment.ts';
import type { DrillName } from './judge.ts';
import { readLedger } from './ledger.ts';
import { addRuleCounts } from './noise.ts';
import { judgeReport, readRecall } from './recall.ts';
import type { Programs } from './processes.ts';
import { startQueueEndpoint } from './queue-endpoint.ts';
import { drillLine, type MainJobReport } from './report.ts';
import { startService } from './service.ts';
import { score } from './truth.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const KEEPSPAN = join(ROOT, 'bin/keepspan.js');
const SERVICE = join(ROOT, 'examples/extraction/server.ts');
const STAND_IN = join(ROOT, 'examples/extraction/standin/main.ts');

const MIN_DOCUMENTS = 100;
const MAX_DOCUMENTS = 120;
const DRILLS: readonly DrillName[] = ['steady', 'sigterm', 'sigkill', 'outage'];
const START_TIMEOUT_MS = 20_000;

interface JobOptions {
  readonly programs: Programs;
  readonly say: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Job {
  readonly report: Promise<MainJobReport>;
  /** Closes what the job opened in this process and removes its journals; safe at any time. */
  cleanUp(): Promise<void>;
}

/** Starts the job: stand-in or model, workbench, receiver, and the drills one after the other. */
export function runMainJob(options: JobOptions): Job {
  const closers: (() => unknown)[] = [];
  return {
    report: run(options, closers),
    async cleanUp() {
      await Promise.all(closers.splice(0).map((close) => close()));
    },
  };
}

async function run({ programs, say, env }: JobOptions, closers: (() => unknown)[]): Promise<MainJobReport> {
  const startedAtMs = performance.now();
  const clean = { ...cleanEnvironment(env) };
  const corpus = await loadCorpus(join(ROOT, 'node_modules'), MAX_DOCUMENTS);
  if (corpus.length < MIN_DOCUMENTS) {
    throw new Error(
      `only ${corpus.length} documents in node_modules; "npm ci" brings at least ${MIN_DOCUMENTS}`,
    );
  }
  const journals = await journalRoot();
  closers.push(() => rm(journals, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }));

  const real = chosenModel(env);
  const model = real ?? (await startStandIn(programs, clean));
  say(`Documents: ${corpus.length} npm packages. Model: ${describeModel(real)}`);
  const workbench = programs.start(
    'the workbench',
    [KEEPSPAN, 'dev', '--port', '0', '--otlp-port', '0', '--json'],
    clean,
  );
  const { datadog, ui } = await workbench.line('datadog', START_TIMEOUT_MS);
  const queue = await startQueueEndpoint();
  closers.push(() => queue.close());
  const receiver = await startReceiver({ upstreamUrl: String(datadog) });
  closers.push(() => receiver.close());

  const outcomes: DrillOutcome[] = [];
  const noise = { seen: 0, kept: 0 };
  for (const name of DRILLS) {
    receiver.arrivals.reset();
    const pollsBefore = queue.polls();
    const journalDir = join(journals, name);
    const surroundings = {
      documents: corpus.map((entry) => entry.document),
      receiver,
      startService: () =>
        startService(programs, SERVICE, {
          ...clean,
          ...serviceEnvironment({ agentUrl: receiver.url, journalDir, queueUrl: queue.url, model }),
        }),
      ledger: () => readLedger(KEEPSPAN, journalDir, clean),
      recall: () => readRecall(KEEPSPAN, journalDir, clean),
    };
    // The drills share two cores and one receiver: one after the other.
    const outcome = await runDrill(name, surroundings);
    outcomes.push(outcome);
    noise.seen += outcome.probes + queue.polls() - pollsBefore;
    noise.kept += noiseArrived(receiver);
    say(drillLine(outcome.report));
  }
  const drills = outcomes.map((outcome) => outcome.report);
  const checks = await checked(corpus, journals, String(ui), {
    ...clean,
    ...serviceEnvironment({
      agentUrl: String(datadog),
      journalDir: join(journals, 'checks', 'journal'),
      queueUrl: queue.url,
      model,
    }),
  });
  say(checks.failed === 0 ? 'checklist ok' : 'checklist NOT OK');
  return {
    ok: drills.every((drill) => drill.findings.length === 0) && checks.failed === 0,
    documents: corpus.length,
    model: { name: model.name ?? 'default', standIn: real === undefined },
    drills,
    quality: quality(corpus, outcomes[0]),
    checks,
    judge: judgeReport(drills.map((drill) => drill.recall)),
    noise: { ...noise, rules: addRuleCounts(outcomes.map(({ rules }) => rules)) },
    ui: String(ui),
    durationMs: Math.round(performance.now() - startedAtMs),
  };
}

/** The whole checklist, on the service as it is, with one of the documents. */
async function checked(
  corpus: readonly CorpusEntry[],
  folder: string,
  workbenchUrl: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ChecksReport> {
  const document = corpus[0]?.document;
  if (document === undefined) throw new Error('there are no documents');
  return runChecks({ executable: KEEPSPAN, service: SERVICE, document, folder, env, workbenchUrl });
}

/** Not in the system's temporary directory: Keepspan refuses a journal below a path that all may write to. */
async function journalRoot(): Promise<string> {
  const cache = join(privateFolder(), 'main-job');
  await mkdir(cache, { recursive: true, mode: 0o700 });
  return mkdtemp(join(cache, 'run-'));
}

async function startStandIn(
  programs: Programs,
  env: Record<string, string | undefined>,
): Promise<ModelChoice> {
  const standIn = programs.start('the stand-in model', [STAND_IN], { ...env, STANDIN_LATENCY_MS: '25' });
  const { url } = await standIn.line('url', START_TIMEOUT_MS);
  return { baseUrl: String(url), apiKey: 'stand-in', name: 'stand-in' };
}

function describeModel(real: ModelChoice | undefined): string {
  if (real === undefined)
    return 'the embedded stand-in (patterns, no model; set OPENAI_BASE_URL to use a real one)';
  return `${real.name ?? 'the service default'} at ${real.baseUrl ?? 'api.openai.com'}`;
}

function quality(corpus: readonly CorpusEntry[], steady: DrillOutcome | undefined): MainJobReport['quality'] {
  const total = { fields: 0, correct: 0 };
  for (const { document, truth } of corpus) {
    const scored = score(truth, steady?.results.get(document.id)?.fields ?? []);
    total.fields += scored.fields;
    total.correct += scored.correct;
  }
  return total;
}

/** Spans of probes and polls that came through: the fastify handler and the outgoing poll tell them apart. */
function noiseArrived(receiver: Receiver): number {
  const { arrivals } = receiver;
  return arrivals.spansNamed('fastify.request', 'GET /health') + arrivals.spansNamed('http.request', 'GET');
}
