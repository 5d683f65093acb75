import { fail, notApplicable, pass, type VerifyCheck } from '../check.ts';
import type { ArrivedLlmSpan } from '../arrivals.ts';
import { recordIn } from '../log-lines.ts';
import { shownAnswers } from '../traffic.ts';

/** How the evidence begins where the service says that nothing is switched on. */
export const SWITCHED_OFF = 'observability_disabled';

const SECOND_MS = 1000;
const LIMIT_MS = 60_000;

export const startRecord: VerifyCheck = {
  id: 'KS-VERIFY-001',
  slug: 'start-record',
  title: 'The start was not logged, or libraries were loaded before the tracer',
  target: 'process',
  stage: 'steady',
  rationale:
    'A service that says at its start what it found is the only one whose missing observability can be noticed; a library that was loaded before the tracer is never traced.',
  how: 'Looks in the output of the service for the record observability_initialized and reads tracer_first and loaded_before in it.',
  fix: 'start the service with node --import keepspan/register app.js, and DD_LLMOBS_ENABLED=1',
  source: 'docs/guides/shutdown.md; requirement, section 6',
  run({ steady }) {
    const record = recordIn(steady!.log, 'observability_initialized');
    if (record === undefined) {
      const disabled = recordIn(steady!.log, 'observability_disabled');
      return fail([
        disabled === undefined
          ? 'no observability_initialized in the output'
          : `${SWITCHED_OFF}: ${String(disabled.fields['why'])}`,
      ]);
    }
    const { stack, checked } = record.fields as {
      readonly stack?: string;
      readonly checked?: { readonly tracer_first?: boolean; readonly loaded_before?: readonly string[] };
    };
    const late = checked?.loaded_before ?? [];
    if (stack === 'none') return fail(['no tracer was found: stack none'], 'npm install dd-trace');
    if (late.length > 0)
      return fail(
        late.map((name) => `${name} was loaded before the tracer`),
        'put keepspan/register before every other --import and --require',
      );
    return pass(`observability_initialized: stack ${stack}, tracer first`);
  },
};

export const tracesArrive: VerifyCheck = {
  id: 'KS-VERIFY-002',
  slug: 'traces-arrive',
  title: 'No trace arrives within 60 s of the first request',
  target: 'process',
  stage: 'steady',
  rationale: 'A service that works and sends nothing looks exactly like one that has nothing to do.',
  how: 'Sends requests and waits for the first span at a receiver of its own. What Datadog shows only Datadog knows.',
  fix: 'check DD_TRACE_ENABLED, DD_LLMOBS_ENABLED and that the tracer is loaded first: keepspan doctor -- <command>',
  source: 'requirement, section 7',
  run({ steady }) {
    const { answers, firstTraceMs, arrivals, driven } = steady!;
    const answered = answers.filter(({ status }) => status > 0 && status < 500);
    if (!driven && answered.length === 0)
      return fail(['no request was answered', ...shownAnswers(answers)], 'check --request');
    if (firstTraceMs === undefined || firstTraceMs > LIMIT_MS)
      return fail([
        firstTraceMs === undefined ? 'no span arrived' : `the first span took ${seconds(firstTraceMs)}`,
        ...arrivals.errors,
      ]);
    if (arrivals.errors.length > 0)
      return fail(arrivals.errors, 'the requests of the tracer could not be read');
    const { traced } = arrivals;
    return pass(
      `first span after ${seconds(firstTraceMs)}; ${traced.length} spans in ${new Set(traced.map(({ traceId }) => traceId)).size} traces`,
      ...shownAnswers(answers),
    );
  },
};

export const llmSpans: VerifyCheck = {
  id: 'KS-VERIFY-003',
  slug: 'llm-spans',
  title: 'LLM spans do not arrive, or without model or tokens',
  target: 'process',
  stage: 'steady',
  rationale: 'Cost and latency of a model can be seen only on spans that name it and count its tokens.',
  how: 'Reads model and token counts of every LLM call that arrived. Calls that failed need no tokens.',
  fix: 'load the client after the tracer; for streams ask for usage: stream_options: { include_usage: true }',
  source: 'requirement, section 7',
  run({ steady }) {
    const calls = steady!.arrivals.llmSpans.filter(({ kind }) => kind === 'llm');
    if (calls.length === 0) {
      const others = steady!.arrivals.count('llmSpans').unique;
      return fail([
        `no LLM call among ${others} LLM spans and ${steady!.arrivals.count('spans').unique} spans`,
      ]);
    }
    const good = calls.filter(({ error }) => !error);
    const nameless = good.filter(({ model }) => model === '');
    const uncounted = good.filter(
      ({ inputTokens, outputTokens }) => !(inputTokens! > 0) || outputTokens === undefined,
    );
    if (nameless.length + uncounted.length > 0)
      return fail([
        ...some(nameless, calls.length, 'without a model'),
        ...some(uncounted, calls.length, 'without tokens'),
      ]);
    const models = [...new Set(good.map(({ model }) => model))].join(', ');
    return pass(`${calls.length} calls of ${models}, all with tokens`);
  },
};

export const evaluations: VerifyCheck = {
  id: 'KS-VERIFY-004',
  slug: 'evaluations-arrive',
  title: 'Evaluations do not arrive, or judge spans that did not',
  target: 'process',
  stage: 'steady',
  rationale: 'An evaluation whose span is not there is shown nowhere.',
  how: 'Looks up the span of every evaluation that arrived among those that arrived. Evaluations that join by a tag are counted, not joined.',
  fix: 'submitEvaluation({ span: exportSpan(), … }) inside the span that is judged',
  source: 'requirement, section 7',
  run({ steady }) {
    const { arrivals } = steady!;
    const all = arrivals.evaluations;
    if (all.length === 0) return fail(['no evaluation arrived']);
    // By OTLP a task is judged as an LLM span is, and is none.
    const spans = new Set([...arrivals.llmSpans, ...arrivals.spans].map(({ spanId }) => spanId));
    const bySpan = all.filter(({ spanId }) => spanId !== '');
    const alone = bySpan.filter(({ spanId }) => !spans.has(spanId));
    if (alone.length > 0)
      return fail(alone.map(({ label, spanId }) => `${label} judges span ${spanId}, which did not arrive`));
    const labels = [...new Set(all.map(({ label }) => label))].join(', ');
    return pass(`${all.length} of ${labels}; ${bySpan.length} joined to a span that arrived`);
  },
};

export const healthAbsent: VerifyCheck = {
  id: 'KS-VERIFY-011',
  slug: 'health-absent',
  title: 'Health probes are traced',
  target: 'process',
  stage: 'steady',
  rationale: 'A probe every ten seconds is 8,640 traces a day and replica that nobody looks at.',
  how: 'Sends 20 probes to the usual paths, or to --health, and looks for them among what arrived.',
  fix: `DD_TRACE_SAMPLING_RULES='[{"noise":"health","sample_rate":0}]'`,
  source: 'requirement, section 2; docs/guides/noise.md',
  run({ steady }) {
    const { health, arrivals } = steady!;
    if (health === undefined) return notApplicable('no health path answers (--health names another)');
    const traced = arrivals.traced.filter(
      ({ tags, resource, name }) =>
        [tags['http.url'], tags['http.target'], tags['url.path']].some((url) => endsWith(url, health.path)) ||
        [`GET ${health.path}`, health.path].some((text) => text === resource || text === name),
    );
    const traces = new Set(traced.map(({ traceId }) => traceId)).size;
    if (traces > 0) return fail([`${traces} of ${health.probes} probes of ${health.path} arrived as traces`]);
    return pass(`${health.probes} probes of ${health.path}, none arrived`);
  },
};

function endsWith(url: unknown, path: string): boolean {
  return typeof url === 'string' && (url.split('?')[0] ?? '').endsWith(path);
}

function some(spans: readonly ArrivedLlmSpan[], of: number, what: string): string[] {
  const names = [...new Set(spans.map(({ name, model }) => `${name}${model === '' ? '' : ` (${model})`}`))];
  return spans.length === 0 ? [] : [`${spans.length} of ${of} calls ${what}: ${names.join(', ')}`];
}

function seconds(ms: number): string {
  return `${(ms / SECOND_MS).toFixed(1)} s`;
}
