import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { CHECKLIST } from '../../src/checks/checklist.ts';
import { CHECKS } from '../../src/checks/registry.ts';
import { CODES } from '../../src/selfmetrics/codes.ts';

const root = join(import.meta.dirname, '..', '..');

/** Section 7 of the requirement, word for word. */
const REQUIRED = [
  'Initialization order verified: logging -> ddtrace -> traceloop -> imports',
  '`DD_LLMOBS_ENABLED` set in deployment configuration',
  '`TRACELOOP_BASE_URL` pointing to OTLP receiver (port 4318)',
  '`DD_TRACE_AGENT_URL` pointing to APM agent (port 8126)',
  'AWS SigV4 conflict mitigated (REQUESTS/URLLIB3 disabled)',
  '`ddtrace-run` wrapping the process command (or manual `patch()`)',
  'Traces visible in Datadog APM within 60s of first request',
  'LLM spans show token usage and model_id',
  'Evaluation metrics appear in LLMObs UI',
  'Log lines contain `dd.trace_id` and `dd.span_id`',
  'Clicking a trace_id in logs navigates to the correct trace',
  'Graceful shutdown flushes all observability data before closing connections',
  'Kafka/SQS polling noise sampled at <= 1%',
  'Health check endpoints excluded from traces',
  'Noisy third-party loggers suppressed to WARNING',
  '`is_observability_enabled()` gating all evaluation submissions',
  'All decorator imports have `try/except ImportError` fallbacks',
  'Environment-specific configuration documented and validated',
];

it('the checklist has every line of the requirement, and each is answered', () => {
  const lines = CHECKLIST.map(({ line }) => line);
  for (const line of REQUIRED) assert.ok(lines.includes(line), line);
  assert.equal(new Set(lines).size, lines.length);
  for (const { line, checks } of CHECKLIST) assert.ok(checks.length > 0, line);
});

it('the checklist and the registry are equal: no check without a line, no line about a check that is not there', () => {
  const named = new Set(CHECKLIST.flatMap(({ checks }) => checks));
  assert.deepEqual([...named].toSorted(), CHECKS.map(({ id }) => id).toSorted());
});

it('each folder of src/checks is in the registry under its name; ids are unique and no codes of warnings', () => {
  const folders = readdirSync(join(root, 'src/checks'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['project', 'probe', 'report'].includes(entry.name))
    .map(({ name }) => name);
  assert.deepEqual(folders.toSorted(), CHECKS.map(({ slug }) => slug).toSorted());
  assert.equal(new Set(CHECKS.map(({ id }) => id)).size, CHECKS.length);
  for (const { id, title, rationale, how, fix, source } of CHECKS) {
    assert.match(id, /^KS-[A-Z0-9]+-\d{3}$/);
    assert.ok(!(id in CODES), `${id} is the code of a warning`);
    for (const text of [title, rationale, how, fix, source]) assert.ok(text.length > 10, id);
  }
});

it('what checks name as their source exists, with the heading that they name', () => {
  for (const { id, source } of CHECKS) {
    for (const [, file = '', heading] of source.matchAll(/(docs\/[\w/-]+\.md)(?:, ([^;:]+))?/g)) {
      const text = readFileSync(join(root, file), 'utf8');
      if (heading !== undefined && file.includes('instrumentation'))
        assert.match(text, new RegExp(`^## ${heading.trim()}`, 'im'), `${id}: ${heading}`);
    }
  }
});
