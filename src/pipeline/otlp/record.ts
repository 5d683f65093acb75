import { isMainThread } from 'node:worker_threads';
import { writeRecord } from '../../selfmetrics/records.ts';
import type { Settings } from '../../settings/table.ts';
import { contentRule } from '../content.ts';
import { VERSION } from '../version.ts';
import type { OtlpCustody } from './custody.ts';
import type { OtlpStack } from './stack.ts';

/** Writes `observability_initialized` of stack `otlp`, with the same fields as the other stacks. */
export function otlpInitializedRecord({
  settings,
  custody,
  stack,
}: {
  readonly settings: Settings;
  readonly custody: OtlpCustody;
  readonly stack: OtlpStack;
}): void {
  const seam = 'span-processor';
  const degraded = stack.degraded();
  writeRecord('observability_initialized', {
    ddtrace: false,
    openllmetry: false,
    agentless: false,
    service: settings.service,
    ml_app: settings.mlApp ?? settings.service,
    env: settings.env ?? '',
    version: settings.version ?? '',
    stack: 'otlp',
    profile: settings.profile,
    custody: 'full',
    seams: { spans: seam, llmSpans: seam, evaluations: 'journal-api' },
    ...(degraded === undefined ? {} : { degraded }),
    versions: { keepspan: VERSION, node: process.version, ...stack.versions },
    journal: {
      directory: custody.endpoints[0]?.directory ?? null,
      lifetime: custody.endpoints[0]?.lifetime ?? 'memory',
      maxBytes: settings.journalMaxBytes,
      sync: settings.journalSync,
    },
    capture_content: contentRule(settings).capture,
    upstream: Object.fromEntries(custody.endpoints.map(({ name, shown }) => [name, shown])),
    delivery: settings.delivery === 'process' ? 'process' : 'worker',
    checked: { journal_writable: custody.endpoints.every(({ onDisk }) => onDisk), patched: [] },
    thread: isMainThread ? 'main' : 'worker',
  });
}
