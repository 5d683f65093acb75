import { rowOf } from '../../logging/policy.ts';
import { LOG_LEVELS } from '../../settings/format.ts';
import { fail, notApplicable, pass, unknown, type VerifyCheck } from '../check.ts';
import type { SteadyEvidence } from '../evidence.ts';
import { idsIn, levelIn, loggerIn, recordIn, type LineIds, type LogLine } from '../log-lines.ts';

/** Keepspan's own records are about no request. */
function ofTheService({ log }: SteadyEvidence): readonly LogLine[] {
  return log.filter((line) => {
    const { msg } = line.fields;
    const isRecord = typeof msg === 'string' && msg.startsWith('observability_');
    return !isRecord && loggerIn(line) !== 'keepspan';
  });
}

export const logIds: VerifyCheck = {
  id: 'KS-VERIFY-005',
  slug: 'log-ids',
  title: 'Log lines carry no trace and span ids',
  target: 'process',
  stage: 'steady',
  rationale:
    'A line without ids leads nowhere: the error is there, and its trace, and nobody can tell which is which.',
  how: 'Reads the JSON lines of both outputs while requests are answered; lines of a start belong to no request.',
  fix: 'use logger() of keepspan/logging, or a logger that dd-trace instruments, with DD_LOGS_INJECTION not false; on stack otlp one that an instrumentation of OpenTelemetry gives ids',
  source: 'docs/guides/logging.md',
  run({ steady }) {
    const lines = ofTheService(steady!);
    if (lines.length === 0)
      return fail(
        ['the service wrote no JSON line'],
        'log one line of JSON per request, with keepspan/logging',
      );
    const withIds = lines.filter((line) => idsIn(line) !== undefined);
    if (withIds.length === 0)
      return fail([`none of ${lines.length} lines has ids`, ...lines.slice(0, 2).map(shown)], fixOf(steady!));
    return pass(`${withIds.length} of ${lines.length} lines have ids`);
  },
};

/** Undefined: the one that stands with the check. */
function fixOf({ log }: SteadyEvidence): string | undefined {
  if (recordIn(log, 'observability_initialized')?.fields['stack'] !== 'otlp') return undefined;
  return 'use logger() of keepspan/logging inside the request, which writes the ids of the active OpenTelemetry span, or @opentelemetry/instrumentation-pino, -winston or -bunyan';
}

export const logLinks: VerifyCheck = {
  id: 'KS-VERIFY-006',
  slug: 'log-links',
  title: 'The trace id of a log line leads to no trace, or to another one',
  target: 'process',
  stage: 'steady',
  rationale: 'An id that is in no trace is worse than none: people search for it.',
  how: 'Looks up the ids of each line among the spans that arrived, and opens one of them in the workbench. Lines of traces that were thinned as noise are left out.',
  fix: 'log the ids of the APM trace (dd.trace_id), not those of LLM Observability: docs/guides/logging.md',
  source: 'docs/guides/logging.md',
  async run({ steady, ask }) {
    const ids = ofTheService(steady!).flatMap((line) => idsIn(line) ?? []);
    if (ids.length === 0) return unknown('no line has ids');
    const { traced } = steady!.arrivals;
    const bySpan = new Map(traced.map((span) => [`${span.traceId.slice(-16)}/${span.spanId}`, span]));
    const found = ids.filter(({ trace, span }) => bySpan.has(`${trace}/${span}`));
    const missing = ids.filter(({ trace, span }) => !bySpan.has(`${trace}/${span}`));
    const first = found[0];
    if (first === undefined || missing.length > thinned(steady!))
      return fail([
        `${missing.length} of ${ids.length} lines have ids that are in no trace that arrived`,
        ...missing.slice(0, 2).map(({ line }) => shown(line)),
      ]);
    return openTrace(
      first,
      bySpan.get(`${first.trace}/${first.span}`)!.traceId,
      steady!.workbenchUrl,
      found.length,
      ask,
    );
  },
};

/** As many as probes were sent may have written a line in a trace that was thinned. */
function thinned({ health }: SteadyEvidence): number {
  return health?.probes ?? 0;
}

async function openTrace(
  ids: LineIds,
  traceId: string,
  workbenchUrl: string,
  found: number,
  ask: (url: string) => Promise<{ readonly status: number; readonly body: string }>,
) {
  const link = `${workbenchUrl}api/traces/${traceId}`;
  const { status, body } = await ask(link);
  if (status !== 200 || !body.includes(ids.span))
    return fail([`${link} answers ${status}${status === 200 ? ` without span ${ids.span}` : ''}`]);
  return pass(`${found} lines lead to their span; ${workbenchUrl}traces/${traceId}`);
}

export const quietLibraries: VerifyCheck = {
  id: 'KS-VERIFY-012',
  slug: 'quiet-libraries',
  title: 'Libraries log below warning',
  target: 'process',
  stage: 'steady',
  rationale:
    'Brokers and SDKs write a line a request; the line that matters drowns, and the volume is paid for.',
  how: 'Reads logger and level of each JSON line. A library that writes plain text, or a logger that nobody knows as a library’s, is not seen.',
  fix: 'connect the library’s logger (docs/guides/logging.md, "Connect the libraries"), and take it out of KEEPSPAN_LOG_LEVELS',
  source: 'requirement, section 3; docs/guides/logging.md',
  run({ steady }) {
    const lines = ofTheService(steady!);
    if (lines.length === 0) return notApplicable('the service wrote no JSON line');
    const loud = lines.filter((line) => {
      const row = rowOf(loggerIn(line));
      const level = LOG_LEVELS.findIndex((name) => name === levelIn(line));
      return !row.own && level >= 0 && level < LOG_LEVELS.indexOf(row.levels.production);
    });
    if (loud.length > 0)
      return fail([`${loud.length} of ${lines.length} lines`, ...loud.slice(0, 3).map(shown)]);
    return pass(`${lines.length} lines, none of a library below its level`);
  },
};

function shown({ text }: LogLine): string {
  return text.slice(0, 160);
}
