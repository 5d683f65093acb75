import { isMainThread } from 'node:worker_threads';
import type { JournalLifetime } from '../journal/lifetime.ts';
import { shownUrl } from '../kernel/shown-url.ts';
import type { Policy } from '../sampling/policy.ts';
import type { Settings } from '../settings/table.ts';
import { writeRecord } from '../selfmetrics/records.ts';
import type { StartFindings } from './start-checks.ts';
import { contentRule } from './content.ts';
import type { Stack } from './start-stack.ts';
import { VERSION } from './version.ts';

export interface StartRecordParts {
  readonly settings: Settings;
  readonly stack: Stack;
  readonly directory: string | undefined;
  readonly lifetime: JournalLifetime;
  readonly agentUrl: string;
  readonly host: 'worker' | 'process' | 'none';
  readonly policy: Policy;
  readonly onDisk: boolean;
  readonly findings: StartFindings;
}

/**
 * Writes `observability_initialized`: the fields of the requirement's section 6, and what was found rather than what
 * was asked for.
 */
export function initializedRecord({
  settings,
  stack,
  directory,
  lifetime,
  agentUrl,
  host,
  policy,
  onDisk,
  findings,
}: StartRecordParts): void {
  const agentless = settings.agentless === true && settings.apiKey !== undefined;
  const intake = agentless ? (settings.intakeUrl ?? settings.site) : agentUrl;
  writeRecord('observability_initialized', {
    ddtrace: stack.name !== 'none',
    openllmetry: stack.name === 'dual',
    agentless,
    service: settings.service,
    ml_app: settings.mlApp ?? settings.service,
    env: settings.env ?? '',
    version: settings.version ?? '',
    stack: stack.name,
    profile: settings.profile,
    custody: stack.custodyLevel,
    seams: stack.seams,
    ...(stack.degraded === undefined ? {} : { degraded: stack.degraded }),
    versions: { keepspan: VERSION, node: process.version, ...stack.versions },
    journal: {
      directory: directory ?? null,
      lifetime,
      maxBytes: settings.journalMaxBytes,
      sync: settings.journalSync,
    },
    capture_content: contentRule(settings).capture,
    upstream: {
      spans: shownUrl(agentUrl),
      llmSpans: shownUrl(intake),
      evaluations: shownUrl(intake),
      ...(stack.frameworks === undefined ? {} : { frameworks: stack.frameworks.upstream }),
    },
    ...(stack.frameworks === undefined
      ? {}
      : { frameworks: { seam: stack.frameworks.seam, libraries: stack.frameworks.libraries } }),
    delivery: host,
    // What needs time is not waited for: whether delivery runs and upstream takes connections is in `health()`.
    checked: {
      tracer_first: stack.name !== 'none' && findings.tracerFirst,
      loaded_before: findings.loadedBefore,
      ...(findings.loadedBy === undefined ? {} : { loaded_by: findings.loadedBy }),
      patched: stack.patched,
      journal_writable: onDisk,
    },
    sampling: { source: policy.source, rules: policy.rules.map(({ id }) => id) },
    thread: isMainThread ? 'main' : 'worker',
  });
}
