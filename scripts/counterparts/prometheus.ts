import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installDebian } from './debian.ts';
import { freePorts, runLeashed, thrice, until } from './started.ts';

const PACKAGE = 'prometheus';
const START_MS = 30_000;
const CHECK_MS = 120_000;

/** A Prometheus on loopback, with a configuration of its own. */
export interface Prometheus {
  readonly url: string;
  /** The last of what it printed. */
  readonly output: () => string;
  stop(): Promise<void>;
}

export interface PrometheusOptions {
  /** `host:port` of what it scrapes. */
  readonly targets: readonly string[];
  /** Text of a rules file. */
  readonly rules: string;
}

/** Installs what is missing. @throws what is missing, and how it is had */
export function installPrometheus(): { readonly prometheus: string; readonly promtool: string } {
  return {
    prometheus: installDebian({ packageName: PACKAGE, paths: ['/usr/bin/prometheus'] }),
    promtool: installDebian({ packageName: PACKAGE, paths: ['/usr/bin/promtool'] }),
  };
}

/** Runs promtool in a folder that has these files. @returns its exit code and what it printed */
export function promtool(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
): { readonly code: number; readonly output: string } {
  const program = installPrometheus().promtool;
  const folder = mkdtempSync(join(tmpdir(), 'keepspan-promtool-'));
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      cwd: folder,
      encoding: 'utf8',
      timeout: CHECK_MS,
      killSignal: 'SIGKILL',
    });
    return { code: status ?? 2, output: `${stdout ?? ''}${stderr ?? ''}${error?.message ?? ''}` };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Starts Prometheus, which scrapes once a second. */
export function startPrometheus({ targets, rules }: PrometheusOptions): Promise<Prometheus> {
  const program = installPrometheus().prometheus;
  return thrice(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'keepspan-prometheus-'));
    const [port] = (await freePorts(1)) as [number];
    writeFileSync(join(folder, 'rules.yaml'), rules);
    writeFileSync(
      join(folder, 'prometheus.yml'),
      JSON.stringify({
        global: { scrape_interval: '1s', evaluation_interval: '1s' },
        rule_files: ['rules.yaml'],
        scrape_configs: [{ job_name: 'keepspan', static_configs: [{ targets }] }],
      }),
    );
    const url = `http://127.0.0.1:${port}`;
    const server = runLeashed(
      program,
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      folder,
    );
    const stop = async (): Promise<void> => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    };
    try {
      await until(
        async () => {
          const { ok } = await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(1000) });
          if (!ok) throw new Error('not ready');
        },
        START_MS,
        server.died,
      );
    } catch (error) {
      await stop();
      throw new Error(`Prometheus did not start: ${server.output()}`, { cause: error });
    }
    return { url, output: server.output, stop };
  });
}
