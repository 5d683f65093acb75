import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createStandIn } from '../../../examples/extraction/standin/server.ts';
import { privateFolder } from '../../../scripts/lib/private-folder.ts';
import { cleanEnvironment } from '../../../scripts/main-job/environment.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const SERVICE_DIR = join(ROOT, 'examples', 'extraction');
const MAIN = new URL('../../../src/cli/main.ts', import.meta.url).href;
const PROGRAM = `import { main } from ${JSON.stringify(MAIN)}; await main(process.argv.slice(1));`;
const LIMIT_MS = 150_000;

const POLLS = { name: 'http.request', tags: { 'http.url': '*/queues/*' }, sample_rate: 0.01 };
const BROKERS = { noise: 'poll:*', sample_rate: 0.01 };
const HEALTH = { resource: 'GET /health', sample_rate: 0 };

/** The policy of the service without one of its rules. */
export const RULES = {
  all: JSON.stringify([HEALTH, BROKERS, POLLS]),
  withoutPolls: JSON.stringify([HEALTH, BROKERS]),
  withoutHealth: JSON.stringify([BROKERS, POLLS]),
} as const;

const DOCUMENT = {
  id: 'doc-{n}',
  readme:
    '# left-pad\n\nPads strings.\n\nRequires Node.js >= 18.\n\nSource: https://github.com/acme/left-pad',
  license: 'MIT License\n\nCopyright (c) 2020 Jane Doe\n\nPermission is hereby granted, free of charge',
  manifest: { name: 'left-pad', version: '1.0.0', bugs: 'https://github.com/acme/left-pad/issues' },
};

export interface Verified {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What is broken; nothing: the reference service as it is. */
export interface Variant {
  /** Preloads before `keepspan/register`. */
  readonly before?: readonly string[];
  /** Preloads after it. */
  readonly after?: readonly string[];
  /** Not preloaded. */
  readonly bare?: boolean;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly dir?: string;
}

/** The reference service's stand-in model and a queue to poll, for as long as the tests run. */
export class VerifySurroundings {
  readonly folder = mkdtempSync(join(privateFolder(), 'verify-test-'));
  readonly #standIn = createStandIn({ latencyMs: 10 });
  readonly #queue = createServer((_request, response) => response.writeHead(204).end());

  async start(): Promise<void> {
    await Promise.all([listening(this.#standIn), listening(this.#queue)]);
    writeFileSync(join(this.folder, 'document.json'), JSON.stringify({ document: DOCUMENT }));
  }

  stop(): void {
    for (const server of [this.#standIn, this.#queue]) {
      server.close();
      server.closeAllConnections();
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
  }

  /** `keepspan verify` on the reference service. */
  verify(args: readonly string[], variant: Variant = {}): Promise<Verified> {
    const { before = [], after = [], bare = false, dir = SERVICE_DIR } = variant;
    const preload = (name: string): string[] => ['--import', join(import.meta.dirname, 'variants', name)];
    // By its file: a fixture that is a package of its own has no `keepspan` to resolve.
    const register = bare ? [] : ['--import', new URL('../../../dist/register.js', import.meta.url).href];
    const request = ['--request', `POST /extract @${join(this.folder, 'document.json')}`];
    const result = ['--request', 'GET /documents/doc-{n}/result?waitMs=5000'];
    const node = ['node', ...before.flatMap(preload), ...register, ...after.flatMap(preload)];
    const service = [...node, join(SERVICE_DIR, 'server.ts')];
    return this.#run(
      ['verify', '--dir', dir, ...request, ...result, ...args, '--', ...service],
      variant.env ?? {},
    );
  }

  async #run(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<Verified> {
    const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, '--', ...args], {
      env: { ...cleanEnvironment(process.env), ...this.#environment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const limit = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    clearTimeout(limit);
    return { code, stdout, stderr };
  }

  #environment(): Readonly<Record<string, string>> {
    const model = `http://127.0.0.1:${portOf(this.#standIn)}/v1`;
    return {
      DD_LLMOBS_ENABLED: '1',
      DD_LLMOBS_ML_APP: 'field-extraction',
      DD_SERVICE: 'extraction',
      DD_ENV: 'production',
      DD_VERSION: '1.0.0',
      // Nobody listens there: verify has to send everything elsewhere.
      DD_TRACE_AGENT_URL: 'http://127.0.0.1:9',
      DD_TRACE_SAMPLING_RULES: RULES.all,
      KEEPSPAN_JOURNAL_DIR: join(this.folder, 'journal'),
      KEEPSPAN_JUDGE_URL: model,
      KEEPSPAN_JUDGE_MODEL: 'stand-in',
      KEEPSPAN_JUDGE_API_KEY: 'none',
      OPENAI_BASE_URL: model,
      OPENAI_API_KEY: 'none',
      EXTRACTION_MODEL: 'stand-in',
      EXTRACTION_PORT: '0',
      EXTRACTION_QUEUE_URL: `http://127.0.0.1:${portOf(this.#queue)}/queues/work`,
      EXTRACTION_POLL_INTERVAL_MS: '50',
    };
  }
}

function listening(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}
