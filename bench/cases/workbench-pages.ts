import { join } from 'node:path';
import { agentPayload, sendTraces } from '../lib/agent-traces.ts';
import type { BenchCase, Measurement, Scale } from '../lib/case.ts';
import { type Program, startProgram, withFolder } from '../lib/programs.ts';
import { quantile, summarise } from '../lib/stats.ts';
import type { WorkbenchReady, WorkbenchUse } from '../programs/workbench.ts';

const SPANS_A_REQUEST = 1000;
const MAX_PAGE_MS = 300;
const MAX_MEMORY_MB = 300;
const GIB = 1024 ** 3;

/** Every page of the API, searches that find nothing among them. `{trace}` is a trace that is stored. */
const PAGES = [
  '/api/traces',
  '/api/traces?limit=500',
  '/api/traces?sort=duration',
  '/api/traces?sort=spans&q=status:error',
  '/api/traces?sort=errors&q=service:service-1',
  '/api/traces?q=no-such-name',
  '/api/traces?q=service:service-3%20duration:%3E90ms',
  '/api/traces?q=tag.user.id:user-7',
  '/api/traces?q=tag.user.id:nobody',
  '/api/traces?q={trace}',
  '/api/traces?q=-operation.3',
  '/api/traces/{trace}',
  '/api/resolve?id={trace}',
  '/api/resolve?id=fedcba9876543210',
  '/api/llm-spans',
  '/api/evaluations',
  '/api/evaluations/summary',
  '/api/logs?q=nothing',
  '/api/stats',
  '/api/ledger',
  '/api/health',
  '/api/settings',
  '/api/processes',
];

async function fill(url: string, requests: number): Promise<void> {
  for (let index = 0; index < requests; index += 1)
    await sendTraces(url, agentPayload(index, SPANS_A_REQUEST), SPANS_A_REQUEST);
}

/** Milliseconds of each request, page by page. */
async function ask(url: string, rounds: number): Promise<ReadonlyMap<string, readonly number[]>> {
  const first = (await (await fetch(`${url}/api/traces?limit=1`)).json()) as {
    traces: { traceId: string }[];
  };
  const trace = first.traces[0]?.traceId ?? '';
  const times = new Map<string, number[]>(PAGES.map((page) => [page, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const page of PAGES) {
      const before = performance.now();
      await (await fetch(url + page.replace('{trace}', trace))).arrayBuffer();
      times.get(page)!.push(performance.now() - before);
    }
  }
  return times;
}

async function started(
  folder: string,
  name: string,
): Promise<{ readonly program: Program; readonly url: string }> {
  const program = startProgram('workbench.ts', [join(folder, name), String(4 * GIB)], {});
  const { datadogUrl } = await program.heard<WorkbenchReady>();
  return { program, url: datadogUrl };
}

const worst = (times: ReadonlyMap<string, readonly number[]>): readonly [string, number] =>
  [...times]
    .map(([page, values]) => [page, quantile(values, 0.95)] as const)
    .reduce((a, b) => (b[1] > a[1] ? b : a));

/** One million spans in a file, and every page asked for again and again. */
export const workbenchPages: BenchCase = {
  id: 'workbench-pages',
  promise: `with a million spans stored, the 95th percentile of every page is at most ${MAX_PAGE_MS} ms, and the memory at most ${MAX_MEMORY_MB} MB`,
  alternative: 'the same workbench with a thousand spans',
  run: (scale: Scale) =>
    withFolder(async (folder) => {
      const requests = scale === 'tiny' ? 3 : 1000;
      const small = await started(folder, 'small.db');
      const large = await started(folder, 'large.db');
      try {
        await fill(small.url, 1);
        await fill(large.url, requests);
        const rounds = scale === 'tiny' ? 2 : 20;
        const idle = await ask(small.url, rounds);
        const full = await ask(large.url, rounds);
        const [page, p95] = worst(full);
        const memory = async ({ program }: typeof large): Promise<number> =>
          (await program.ask<WorkbenchUse>({})).memoryBytes / 1e6;
        const measurements: readonly Measurement[] = [
          {
            name: 'p95 of each page',
            unit: 'ms',
            subject: summarise([...full.values()].map((values) => quantile(values, 0.95))),
            alternative: summarise([...idle.values()].map((values) => quantile(values, 0.95))),
          },
          {
            name: 'p95 of the slowest page',
            unit: 'ms',
            subject: summarise([p95]),
            alternative: summarise([worst(idle)[1]]),
            gate: { of: 'median', max: MAX_PAGE_MS },
            notes: { page, spans: requests * SPANS_A_REQUEST },
          },
          {
            name: 'resident memory',
            unit: 'MB',
            subject: summarise([await memory(large)]),
            alternative: summarise([await memory(small)]),
            gate: { of: 'median', max: MAX_MEMORY_MB },
          },
        ];
        return measurements;
      } finally {
        await Promise.all([small.program.stop(), large.program.stop()]);
      }
    }),
};
