import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Ledger } from 'keepspan';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { flatness, type Flatness, type SoakSample } from './flat.ts';
import type { SoakMessage } from './program.ts';
import type { SoakCounts } from './receiver.ts';

export interface SoakReport {
  readonly spans: number;
  readonly roots: number;
  readonly tookMs: number;
  readonly received: SoakCounts;
  readonly ledger: Ledger;
  readonly samples: readonly SoakSample[];
  readonly flatness: readonly Flatness[];
  /** Everything that is wrong, in words; empty when the soak is passed. */
  readonly findings: readonly string[];
}

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PRELOAD = ['--import', 'keepspan/register'];

/**
 * One process makes `spans` spans through Keepspan; a receiver of its own counts what arrives.
 *
 * @param onSample called twice a second
 * @throws when a program ends before its time, or nothing is heard of it for `silenceMs`
 */
export async function soak(
  spans: number,
  silenceMs: number,
  onSample: (sample: SoakSample) => void = () => undefined,
): Promise<SoakReport> {
  const folder = await mkdtemp(join(privateFolder(), 'soak-'));
  const journal = join(folder, 'journal');
  const receiver = start('receiver.ts', [String(spans * 2)], [], {});
  const startMs = performance.now();
  const gone = once(receiver, 'exit').then(([code]: unknown[]) => {
    throw new Error(`the receiver ended with ${String(code)}: ${said.get(receiver) ?? ''}`);
  });
  gone.catch(() => undefined); // Who waits for the program hears it.
  let program: ChildProcess | undefined;
  try {
    const { url } = (await heard(receiver, silenceMs)) as { readonly url: string };
    program = start('program.ts', [String(spans), journal], PRELOAD, {
      HOME: folder,
      DD_TRACE_AGENT_URL: url,
      DD_SERVICE: 'soak',
      DD_LLMOBS_ENABLED: '1',
      DD_LLMOBS_ML_APP: 'soak',
      DD_LLMOBS_AGENTLESS_ENABLED: '0',
      DD_TRACE_STARTUP_LOGS: '0',
      DD_INSTRUMENTATION_TELEMETRY_ENABLED: '0',
      DD_REMOTE_CONFIGURATION_ENABLED: '0',
      KEEPSPAN_JOURNAL_DIR: journal,
    });
    const samples: SoakSample[] = [];
    for (;;) {
      const message = (await Promise.race([heard(program, silenceMs), gone])) as SoakMessage;
      if ('sample' in message) {
        samples.push(message.sample);
        onSample(message.sample);
        continue;
      }
      const tookMs = performance.now() - startMs;
      if (program.exitCode === null) await once(program, 'exit');
      receiver.send('counts');
      const received = (await heard(receiver, silenceMs)) as SoakCounts;
      return report(message.end, received, samples, tookMs);
    }
  } finally {
    await Promise.all([receiver, program].map((child) => ended(child)));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

function report(
  end: Extract<SoakMessage, { readonly end: unknown }>['end'],
  received: SoakCounts,
  samples: readonly SoakSample[],
  tookMs: number,
): SoakReport {
  const flat = flatness(samples);
  // An LLM span is an APM span, too; it carries no number.
  const expected = { spans: end.spans + end.roots, llmSpans: end.roots, evaluations: end.roots };
  const findings = flat
    .filter(({ grew }) => grew)
    .map(({ held, firstMax, lastMax }) => `${held} grew from ${firstMax} to ${lastMax}`);
  for (const kind of ['spans', 'llmSpans', 'evaluations'] as const) {
    if (received[kind] !== expected[kind])
      findings.push(`${received[kind]} ${kind} of ${expected[kind]} arrived`);
    const { created, delivered, unaccounted } = end.ledger[kind];
    if (created !== expected[kind] || delivered !== expected[kind] || unaccounted !== 0)
      findings.push(`the ledger of ${kind}: ${JSON.stringify(end.ledger[kind])}`);
  }
  if (received.different !== end.spans)
    findings.push(`${received.different} different spans of ${end.spans} arrived`);
  return { ...end, tookMs, received, samples, flatness: flat, findings };
}

function start(
  name: string,
  args: readonly string[],
  execArgv: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  const child = fork(fileURLToPath(new URL(name, import.meta.url)), args, {
    cwd: ROOT,
    env: { PATH: '', ...env },
    execArgv: [...execArgv],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    said.set(child, ((said.get(child) ?? '') + text).slice(-SAID_CHARACTERS));
  });
  return child;
}

const SAID_CHARACTERS = 4000;
/** The last of what each program wrote to stderr. */
const said = new WeakMap<ChildProcess, string>();

async function heard(child: ChildProcess, silenceMs: number): Promise<unknown> {
  const over = new AbortController();
  const { signal } = over;
  try {
    return await Promise.race([
      once(child, 'message', { signal }).then(([message]: unknown[]) => message),
      once(child, 'exit', { signal }).then(([code]: unknown[]) => {
        throw new Error(`it ended with ${String(code)}: ${said.get(child) ?? ''}`);
      }),
      once(AbortSignal.timeout(silenceMs), 'abort', { signal }).then(() => {
        throw new Error(`nothing was heard for ${silenceMs} ms`);
      }),
    ]);
  } finally {
    over.abort();
  }
}

async function ended(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
