import { noiseMatcher } from '../../sampling/noise.ts';
import { fail, notApplicable, pass, type VerifyCheck } from '../check.ts';
import type { ArrivedSpan } from '../arrivals.ts';
import type { InterruptionEvidence, SteadyEvidence } from '../evidence.ts';
import { recordIn } from '../log-lines.ts';

/** So many traces of one shape, that nobody asked for, are noise. */
const MANY = 20;
const MAX_SHOWN = 4;
/** A poll is one call, with the transport under it. */
const MAX_SPANS = 2;

export const pollNoise: VerifyCheck = {
  id: 'KS-VERIFY-010',
  slug: 'noise-thinned',
  title: 'Polling is traced at more than 1 %',
  target: 'process',
  stage: 'steady',
  rationale:
    'A consumer that asks ten times a second makes 864,000 traces a day, and buries the few that matter.',
  how: 'Counts traces of one or two spans, without request, error or LLM work, by shape: twenty of one shape in the time of the run came by themselves. A loop that asks less often than that is not seen.',
  fix: 'add a sampling rule for it: keepspan policy; docs/guides/noise.md',
  source: 'requirement, section 2; docs/guides/noise.md',
  run({ steady, shutdown }) {
    const shapes = backgroundShapes(steady!);
    const noisy = Array.from(shapes).filter(([, count]) => count >= MANY);
    const duration = `${(steady!.durationMs / 1000).toFixed(0)} s`;
    if (noisy.length > 0)
      return fail(noisy.map(([shape, count]) => `${count} traces of ${shape} in ${duration}`));
    const polls = [...shapes.values()].reduce((sum, count) => sum + count, 0);
    const counts = ruleCounts(shutdown);
    if (polls === 0 && counts.length === 0) return notApplicable(`no trace of a poll arrived in ${duration}`);
    return pass(
      ...Array.from(shapes, ([shape, count]) => `${count} of ${shape} in ${duration}`).slice(0, MAX_SHOWN),
      ...counts,
    );
  },
};

/** Traces that no request made, by the name and resource of their root. */
function backgroundShapes({ arrivals }: SteadyEvidence): ReadonlyMap<string, number> {
  const llm = new Set(arrivals.llmSpans.map(({ apmTraceId }) => apmTraceId.slice(-16)));
  const traces = Map.groupBy(arrivals.traced, ({ traceId }) => traceId);
  const shapes = new Map<string, number>();
  for (const [traceId, spans] of traces) {
    const root = spans.find(({ parentId }) => parentId === '');
    if (root === undefined || spans.length > MAX_SPANS || llm.has(traceId.slice(-16))) continue;
    if (
      spans.some(({ error }) => error) ||
      root.tags['span.kind'] === 'server' ||
      root.tags['_dd.llmobs.submitted'] !== undefined
    )
      continue;
    const shape = `${root.name} ${root.resource}${isPoll(root) ? ' (poll)' : shownTarget(root)}`;
    shapes.set(shape, (shapes.get(shape) ?? 0) + 1);
  }
  return shapes;
}

function isPoll({ name, resource, service, tags }: ArrivedSpan): boolean {
  const tag = (key: string): string | number | undefined => {
    const value = tags[key];
    return typeof value === 'string' || typeof value === 'number' ? value : undefined;
  };
  return noiseMatcher('poll:*')({ name, resource, service, tag });
}

function shownTarget({ tags }: ArrivedSpan): string {
  const url = tags['http.url'] ?? tags['url.full'];
  return typeof url === 'string' ? ` (${url.split('?')[0]})` : '';
}

/** What the rules of the service have thinned, as it says at its end. */
function ruleCounts(shutdown: InterruptionEvidence | undefined): string[] {
  const record = shutdown && recordIn(shutdown.log, 'observability_shutdown');
  const { rules = [] } = (record?.fields['noise'] ?? {}) as {
    readonly rules?: readonly { readonly rule: string; readonly seen: number; readonly kept: number }[];
  };
  return rules.flatMap(({ rule, seen, kept }) => (seen === 0 ? [] : [`${rule}: ${kept} of ${seen} kept`]));
}
