import type { CheckOutcome } from '../../contracts/check.ts';
import { countsOf } from './summary.ts';

/** What every machine-readable report is made from. */
export interface ReportInput {
  readonly outcomes: readonly CheckOutcome[];
  readonly dir: string;
  /** Version of Keepspan. */
  readonly version: string;
  readonly durationMs: number;
  /** The command whose start was looked at. */
  readonly command: readonly string[] | undefined;
  /** The project was larger than what is looked at. */
  readonly truncated: boolean;
  /** The command that reports; default `doctor`. */
  readonly tool?: 'doctor' | 'verify';
}

/** One JSON document. `schemaVersion` grows when a field changes its meaning; new fields may come at any time. */
export function jsonReport({ outcomes, dir, version, durationMs, command, truncated }: ReportInput): string {
  return `${JSON.stringify({
    schemaVersion: 1,
    keepspan: version,
    directory: dir,
    command: command ?? null,
    truncated,
    counts: countsOf(outcomes),
    durationMs: Math.round(durationMs),
    checks: outcomes.map(({ fix, at, ...rest }) => ({
      ...rest,
      durationMs: Math.round(rest.durationMs),
      fix: fix ?? null,
      at: at ?? null,
    })),
  })}\n`;
}

/** JUnit: errors and warnings are failures, what is unknown or does not apply is skipped. */
export function junitReport({ outcomes, durationMs, tool = 'doctor' }: ReportInput): string {
  const counts = countsOf(outcomes);
  const cases = outcomes.map((outcome) => {
    const { id, slug, status, title, evidence, fix, docs } = outcome;
    const open = `    <testcase classname="keepspan.${tool}" name="${xml(`${id} ${slug}`)}" time="${(outcome.durationMs / 1000).toFixed(3)}"`;
    const details = [...evidence, ...(fix === undefined ? [] : [`fix: ${fix}`]), `docs: ${docs}`].join('\n');
    if (status === 'fail' || status === 'warn') {
      const type = status === 'fail' ? 'error' : 'warning';
      return `${open}><failure type="${type}" message="${xml(title)}">${xml(details)}</failure></testcase>`;
    }
    if (status === 'pass') return `${open}/>`;
    return `${open}><skipped message="${xml(`${status}: ${evidence.join('; ')}`)}"/></testcase>`;
  });
  const skipped = counts.unknown + counts['not-applicable'];
  const numbers = `tests="${outcomes.length}" failures="${counts.fail + counts.warn}" errors="0" skipped="${skipped}" time="${(durationMs / 1000).toFixed(3)}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${numbers}>`,
    `  <testsuite name="keepspan ${tool}" ${numbers}>`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** Static Analysis Results Interchange Format 2.1.0 (OASIS), as code scanning takes it. */
export function sarifReport({ outcomes, version }: ReportInput): string {
  const findings = outcomes.filter(({ status }) => status === 'fail' || status === 'warn');
  return `${JSON.stringify({
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'keepspan doctor',
            version,
            rules: outcomes.map(({ id, slug, title, docs }) => ({
              id,
              name: slug,
              shortDescription: { text: title },
              help: { text: docs },
            })),
          },
        },
        results: findings.map(({ id, status, title, evidence, fix, at }) => ({
          ruleId: id,
          level: status === 'fail' ? 'error' : 'warning',
          message: { text: [title, ...evidence, ...(fix === undefined ? [] : [`fix: ${fix}`])].join('\n') },
          locations: [
            {
              physicalLocation: {
                artifactLocation: { uri: at?.file ?? 'package.json' },
                region: { startLine: at?.line ?? 1 },
              },
            },
          ],
        })),
      },
    ],
  })}\n`;
}

/** Workflow commands, by which GitHub Actions shows findings at their lines. */
export function githubReport({ outcomes }: ReportInput): string {
  return outcomes
    .filter(({ status }) => status === 'fail' || status === 'warn')
    .map(({ id, status, title, evidence, fix, at }) => {
      const properties = [
        ...(at === undefined ? [] : [`file=${property(at.file)}`, `line=${at.line}`]),
        `title=${property(`${id} ${title}`)}`,
      ].join(',');
      const message = [...evidence, ...(fix === undefined ? [] : [`fix: ${fix}`])].join('\n');
      return `::${status === 'fail' ? 'error' : 'warning'} ${properties}::${data(message)}\n`;
    })
    .join('');
}

function xml(text: string): string {
  const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return (
    text
      .replace(/[&<>"]/g, (char) => escapes[char] ?? char)
      // XML 1.0 has no place for control characters.
      .replace(/[^\P{Cc}\n\t]/gu, ' ')
  );
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
