import type { TagGuard } from './guard.ts';
import { withDemoted } from './metadata.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An LLM span event of dd-trace: tags in `tags`, metadata in `meta.metadata`. The event that was given is not changed. */
export function guardEvent(event: Fields, guard: TagGuard): Fields {
  const tags = event['tags'];
  if (!Array.isArray(tags)) return event;
  const guarded = guard.guard(tags);
  if (guarded.demoted === undefined) return event;
  const meta = event['meta'] as { readonly metadata?: unknown } | null | undefined;
  return {
    ...event,
    tags: guarded.tags,
    meta: { ...meta, metadata: withDemoted(meta?.metadata, guarded.demoted) },
  };
}

/** An evaluation metric: tags in `tags`, metadata in `metadata`. The metric that was given is not changed. */
export function guardMetric(metric: Fields, guard: TagGuard): Fields {
  const tags = metric['tags'];
  if (!Array.isArray(tags)) return metric;
  const guarded = guard.guard(tags);
  if (guarded.demoted === undefined) return metric;
  return { ...metric, tags: guarded.tags, metadata: withDemoted(metric['metadata'], guarded.demoted) };
}
