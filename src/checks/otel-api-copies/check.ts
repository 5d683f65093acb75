import { copies, found, has, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { compareVersions } from '../versions.ts';

export const check: ProjectCheck = {
  id: 'KS-DUP-001',
  slug: 'otel-api-copies',
  title: 'Copies of @opentelemetry/api have different versions',
  target: 'both',
  rationale:
    'The API is one global object, and who registers with another version is refused: spans of that copy are silently not recorded. dd-trace brings a copy below 1.10, so an application with 1.10 gets a NonRecordingSpan from its TracerProvider.',
  how: 'Lists every copy in node_modules; with a command, those that were loaded.',
  fix: 'one version for all, below 1.10 beside dd-trace 6: "overrides": { "@opentelemetry/api": "1.9.1" } (npm), "resolutions" (yarn), "pnpm.overrides"',
  source: 'docs/facts/instrumentation.md, OpenTelemetry',
  run(context) {
    const all = copies(context, '@opentelemetry/api');
    if (all.length === 0) return notApplicable('@opentelemetry/api is not there');
    const versions = [...new Set(all.map(({ version }) => version))].sort(compareVersions);
    const shown = all.map(({ version, path }) => `${version} in ${path}`);
    const newest = versions.at(-1) ?? '';
    if (versions.length > 1 && has(context, 'dd-trace') && compareVersions(newest, '1.10.0') >= 0)
      return found('fail', shown);
    if (versions.length > 1) return found('warn', shown);
    return pass(`${all.length} of ${versions.join(', ')}`);
  },
};
