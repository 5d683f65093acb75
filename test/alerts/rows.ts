import { HEALTHY, LLM_ALONE, NONE_ARRIVE, type Second } from './world.ts';

/** One condition: a life in which it must fire, and one, nearly the same, in which it must not. */
export interface Row {
  /** From that second on something is wrong. */
  readonly from: number;
  readonly wrong: Second;
  /** Lives so long; the alert must fire within its stated delay after `from`. */
  readonly seconds: number;
  /** Nearly the same, and nothing is to be said. */
  readonly harmless: (at: number) => Second;
  readonly healthy?: Second;
}

export const HOUR = 3600;
/** What is wrong in one second, and then never again. */
export const once = (wrong: Second) => (at: number) => ({ ...HEALTHY, ...(at === 100 ? wrong : {}) });
/** Wrong between two looks only. */
const briefly = (wrong: Second) => (at: number) => ({ ...HEALTHY, ...(at > 90 && at < 104 ? wrong : {}) });

export const ROWS: Readonly<Record<string, Row>> = {
  not_initialized: {
    from: 0,
    wrong: { initialized: false },
    seconds: 120,
    harmless: (at) => ({ ...HEALTHY, initialized: at > 20 }),
  },
  flush_failed: { from: 100, wrong: { flushFailures: 1 }, seconds: 200, harmless: () => HEALTHY },
  no_traces_despite_traffic: {
    from: 600,
    wrong: NONE_ARRIVE,
    seconds: 1200,
    // All of it is noise that the policy takes out; or nobody asks for anything, and nothing comes.
    harmless: (at) =>
      at < HOUR ? { ...HEALTHY, deliveredSpans: 0, sampledOut: 6 } : { sampledOut: at % 60 === 0 ? 1 : 0 },
  },
  no_heartbeat: {
    from: 600,
    wrong: { ...NONE_ARRIVE, requests: 0, spans: 0, llmSpans: 0, evaluations: 0, judged: 0 },
    seconds: 1200,
    harmless: (at) => (at % 60 === 0 ? { spans: 1, deliveredSpans: 1 } : {}),
  },
  evaluation_rate_dropped: {
    from: 2 * HOUR,
    wrong: { evaluations: 0 },
    seconds: 2.5 * HOUR,
    // A quiet night: a tenth of the traffic, and a tenth of the evaluations; then few at all.
    harmless: (at) => {
      if (at < 2 * HOUR) return HEALTHY;
      const rare = at % (at < 4 * HOUR ? 10 : 600) === 0;
      return rare ? HEALTHY : { spans: 1, deliveredSpans: 1 };
    },
  },
  signals_lost: { from: 100, wrong: { lost: 3 }, seconds: 200, harmless: () => HEALTHY },
  unaccounted: { from: 100, wrong: { unaccounted: 2 }, seconds: 300, harmless: briefly({ unaccounted: 2 }) },
  journal_filling: {
    from: 100,
    wrong: { usedShare: 0.81 },
    seconds: 200,
    harmless: () => ({ ...HEALTHY, usedShare: 0.8 }),
  },
  upstream_refuses: { from: 100, wrong: { held: 1 }, seconds: 200, harmless: () => HEALTHY },
  upstream_silent: {
    from: 0,
    wrong: { pending: 5 },
    seconds: 400,
    healthy: {},
    // After hours without anything, a signal now and then waits for a moment.
    harmless: (at) => ({ pending: at % 600 < 20 ? 1 : 0, silenceS: at }),
  },
  judge_fails: {
    from: 1000,
    wrong: { judged: 0, judgeFailed: 1 },
    seconds: 1800,
    harmless: () => ({ ...HEALTHY, judged: 0, overBudget: 1 }),
  },
  tag_demoted: { from: 100, wrong: { tagsDemoted: 1 }, seconds: 200, harmless: () => HEALTHY },
  debug_left_on: {
    from: 100,
    wrong: { debug: true },
    seconds: 4000,
    harmless: (at) => ({ ...HEALTHY, debug: at < 3500 }),
  },
  delivery_dead: { from: 100, wrong: { deliveryUp: false }, seconds: 200, harmless: () => HEALTHY },
  custody_in_memory: {
    from: 100,
    wrong: { onDisk: false },
    seconds: 300,
    harmless: briefly({ onDisk: false }),
  },
};

/** The life of a row in which it fires. */
export function wrongLife(name: string): (at: number) => Second {
  const row = ROWS[name]!;
  const base = row.healthy ?? HEALTHY;
  return (at) => {
    if (at < row.from) return base;
    // How long upstream is silent grows by itself.
    return { ...base, ...row.wrong, ...(name === 'upstream_silent' ? { silenceS: at - row.from } : {}) };
  };
}

/** For how many seconds the harmless life of a row is looked at. */
export function harmlessSeconds(name: string): number {
  return name === 'evaluation_rate_dropped' ? 6 * HOUR : Math.max(ROWS[name]!.seconds, 2 * HOUR);
}

/** A life with traces of one kind, and what is said of it of KS-ALERT-003 and KS-ALERT-004. */
export interface TraceLife {
  readonly title: string;
  readonly life: (at: number) => Second;
  readonly fires: readonly (typeof OF_TRACES)[number][];
}

export const OF_TRACES = ['no_traces_despite_traffic', 'no_heartbeat'] as const;
/** From that second on such a life is another. */
export const TURN_S = 900;

export const TRACE_LIVES: readonly TraceLife[] = [
  { title: 'LLM spans alone, acknowledged', life: () => LLM_ALONE, fires: [] },
  {
    title: 'LLM spans alone, of other requests than those that are counted',
    life: () => ({ ...LLM_ALONE, requests: 0 }),
    fires: [],
  },
  {
    title: 'LLM spans alone, no longer acknowledged',
    life: (at) => (at < TURN_S ? LLM_ALONE : { ...LLM_ALONE, ...NONE_ARRIVE, requests: 0 }),
    fires: OF_TRACES,
  },
  {
    title: 'LLM spans alone, no longer made',
    life: (at) => (at < TURN_S ? LLM_ALONE : { requests: 2 }),
    fires: OF_TRACES,
  },
  {
    title: 'LLM spans, and now and then another span, which arrives a moment later',
    life: (at) => ({
      ...LLM_ALONE,
      spans: at % 600 === 0 ? 1 : 0,
      deliveredSpans: at % 600 === 1 ? 1 : 0,
    }),
    fires: [],
  },
  {
    title: 'one in a thousand of the other spans is acknowledged',
    life: (at) => ({ ...HEALTHY, spans: 25, deliveredSpans: at % 40 === 0 ? 1 : 0 }),
    fires: [],
  },
  {
    // Stack datadog with LLM Observability agentless, or an Agent that takes no traces.
    title: 'LLM spans go by a way of their own, and the other spans are no longer acknowledged',
    life: (at) => (at < TURN_S ? HEALTHY : { ...HEALTHY, deliveredSpans: 0 }),
    fires: ['no_traces_despite_traffic'],
  },
];
