import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { spawn } from 'node:child_process';
import { createWorkbenchAlerts, WORKBENCH_CONDITIONS } from '../../src/workbench/alerts.ts';
import { observe } from '../support/program.ts';
import type { WorkbenchLedger } from '../../src/workbench/store/store.ts';

const KIND = { received: 0, stored: 0, evicted: 0, rejected: 0, duplicates: 0 };
const LIMIT_MS = 30_000;
const WALL_MS = 1_700_000_000_000;

interface Totals {
  readonly spans: number;
  readonly llmSpans?: number;
  readonly evaluations?: number;
  readonly rejected?: number;
}

/** Looks every 15 s at what a workbench had received until then. @returns the state of an alert, at each second asked for */
function statesOf(name: string, totals: (at: number) => Totals, seconds: readonly number[]): unknown[] {
  let at = 0;
  const alerts = createWorkbenchAlerts(
    (): WorkbenchLedger => {
      const { spans, llmSpans = 0, evaluations = 0, rejected = 0 } = totals(at);
      return {
        spans: { ...KIND, received: spans, rejected },
        llmSpans: { ...KIND, received: llmSpans },
        evaluations: { ...KIND, received: evaluations },
      };
    },
    { now: () => at * 1000, wall: () => WALL_MS + at * 1000 },
  );
  const states: unknown[] = [];
  for (; at <= Math.max(...seconds); at += 15) {
    alerts.look();
    const row = alerts.rows().find((one) => one['name'] === name);
    if (seconds.includes(at)) states.push(row?.state);
  }
  return states;
}

describe('alerts of a workbench', () => {
  it('no spans for 5 minutes although there were some; before the first, nothing is known', () => {
    const stops = (at: number) => ({ spans: at < 60 ? 0 : Math.min(at, 600) });
    assert.deepEqual(statesOf('no_spans_arrive', stops, [0, 45, 300, 600, 885, 900, 1200]), [
      'no-data',
      'no-data',
      'quiet',
      'quiet',
      'quiet',
      'firing',
      'firing',
    ]);
    assert.deepEqual(
      statesOf('no_spans_arrive', (at) => ({ spans: Math.floor(at / 240) }), [1200, 2400]),
      ['quiet', 'quiet'],
    );
  });

  it('what is refused is lost; what is taken is not', () => {
    const refuses = (at: number) => ({ spans: at + 1, rejected: at >= 100 ? 2 : 0 });
    assert.deepEqual(statesOf('signals_rejected', refuses, [90, 105, 690, 720]), [
      'quiet',
      'firing',
      'firing',
      'quiet',
    ]);
  });

  it('evaluations that drop by more than half against their hour; traffic that drops does not', () => {
    const falls = (at: number) => ({ spans: at, llmSpans: at, evaluations: Math.min(at, 7200) });
    assert.deepEqual(statesOf('evaluation_rate_dropped', falls, [7200, 7830]), ['quiet', 'firing']);
    const night = (at: number) => {
      const n = at < 7200 ? at : 7200 + (at - 7200) / 10;
      return { spans: n, llmSpans: n, evaluations: n };
    };
    assert.deepEqual(statesOf('evaluation_rate_dropped', night, [7200, 7800, 9000]), [
      'quiet',
      'quiet',
      'quiet',
    ]);
  });

  it('a row has what the page shows: when, by which figures, and the fix', () => {
    let at = 0;
    const alerts = createWorkbenchAlerts(
      () => ({
        spans: { ...KIND, received: 1, rejected: at >= 15 ? 3 : 0 },
        llmSpans: KIND,
        evaluations: KIND,
      }),
      { now: () => at * 1000, wall: () => WALL_MS + at * 1000 },
    );
    for (; at <= 30; at += 15) alerts.look();
    const row = alerts.rows().find(({ id }) => id === 'KS-ALERT-017');
    assert.deepEqual(
      [row?.state, row?.sinceMs, row?.['evidence']],
      [
        'firing',
        WALL_MS + 15_000,
        { text: '3 signals were refused in the last 10 minutes', value: 3, threshold: 0 },
      ],
    );
    assert.match(String(row?.['fix']), /api\/health/);
  });

  it('watches by a timer that it takes away', () => {
    const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const alerts = createWorkbenchAlerts(() => ({ spans: KIND, llmSpans: KIND, evaluations: KIND }), {
      now: () => 0,
      wall: () => 0,
    });
    const before = timers();
    const stop = alerts.watch();
    assert.equal(timers(), before, 'it holds nobody');
    stop();
  });

  it('keepspan dev shows them', async (t) => {
    const main = new URL('../../src/cli/main.ts', import.meta.url).href;
    const code = `import { main } from ${JSON.stringify(main)}; await main(process.argv.slice(1));`;
    const args = ['dev', '--json', '--port', '0', '--otlp-port', '0'];
    const child = observe(
      spawn(process.execPath, ['--input-type=module', '--eval', code, '--', ...args]),
      LIMIT_MS,
    );
    t.after(() => child.process.kill('SIGKILL'));
    const { ui } = JSON.parse((await child.says(/\{.*\}/))[0]) as { ui: string };
    const { alerts } = (await (await fetch(new URL('/api/alerts', ui))).json()) as {
      alerts: { id: string; state: string }[];
    };
    assert.deepEqual(
      alerts.map(({ id, state }) => [id, state]),
      WORKBENCH_CONDITIONS.map(({ id }) => [id, 'no-data']),
    );
    child.process.kill('SIGTERM');
    assert.equal((await child.ended).code, 0);
  });
});
