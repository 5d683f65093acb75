// Writes the pages and examples that are made from tables in src; --check fails where one is stale.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { alertsPage } from '../src/alerts/alerts-page.ts';
import { CONDITIONS } from '../src/alerts/conditions.ts';
import { datadogMonitorsText } from '../src/alerts/datadog-monitors.ts';
import { openMetricsConfig } from '../src/alerts/openmetrics.ts';
import { prometheusRules } from '../src/alerts/prometheus-rules.ts';
import { CHECKLIST } from '../src/checks/checklist.ts';
import { checkPage, checklistPage } from '../src/checks/pages.ts';
import { CHECKS } from '../src/checks/registry.ts';
import { VERIFY_CHECKS } from '../src/verify/registry.ts';
import { verifyCheckPage } from '../src/verify/page.ts';
import { codesPage } from '../src/selfmetrics/codes-page.ts';
import { CODES } from '../src/selfmetrics/codes.ts';
import { metricsPage } from '../src/selfmetrics/metrics-page.ts';
import { settingsPage } from '../src/settings/describe.ts';
import { WORKBENCH_CONDITIONS } from '../src/workbench/alerts.ts';

const root = join(import.meta.dirname, '..');

const pages: Readonly<Record<string, string>> = {
  'docs/reference/settings.md': settingsPage(),
  'docs/reference/codes.md': codesPage(CODES),
  'docs/reference/metrics.md': metricsPage(),
  'docs/reference/alerts.md': alertsPage(CONDITIONS, WORKBENCH_CONDITIONS),
  'deploy/alerts/prometheus-rules.yaml': prometheusRules(CONDITIONS),
  'deploy/alerts/datadog-monitors.json': datadogMonitorsText(CONDITIONS),
  'deploy/alerts/openmetrics.yaml': openMetricsConfig(),
  'docs/checklist.md': checklistPage(CHECKLIST, [...CHECKS, ...VERIFY_CHECKS]),
  ...Object.fromEntries(CHECKS.map((check) => [`docs/checks/${check.id}.md`, checkPage(check)])),
  ...Object.fromEntries(VERIFY_CHECKS.map((check) => [`docs/checks/${check.id}.md`, verifyCheckPage(check)])),
};

const check = process.argv.includes('--check');
for (const [file, text] of Object.entries(pages)) {
  const path = join(root, file);
  const present = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
  if (present === text) continue;
  if (check) {
    process.stdout.write(
      `docs: ${file} ${present === undefined ? 'is missing' : 'is stale'}; npm run docs writes it\n`,
    );
    process.exitCode = 1;
  } else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
