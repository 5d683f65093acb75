import type { TagGuard } from './guard.ts';
import { withDemoted } from './metadata.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An LLM span event of dd-trace: tags in `tags`, metadata in `meta.metadata`. The event that was given is not changed. */
export function guardEvent(event: Fields, guard: TagGuard): Fields {
  const guarded = guardTags(event['tags'], guard);
  if (guarded === undefined) return event;
  const meta = event['meta'] as { readonly metadata?: unknown } | null | undefined;
  return {
    ...event,
    tags: guarded.tags,
    meta: { ...meta, metadata: withDemoted(meta?.metadata, guarded.demoted) },
  };
}

/** An evaluation metric: tags in `tags`, metadata in `metadata`. The metric that was given is not changed. */
export function guardMetric(metric: Fields, guard: TagGuard): Fields {
  const guarded = guardTags(metric['tags'], guard);
  if (guarded === undefined) return metric;
  return { ...metric, tags: guarded.tags, metadata: withDemoted(metric['metadata'], guarded.demoted) };
}

function guardTags(tags: unknown, guard: TagGuard) {
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === 'string')) return undefined;
  const { tags: kept, demoted } = guard.guardList(tags);
  return demoted === undefined ? undefined : { tags: kept, demoted };
}
