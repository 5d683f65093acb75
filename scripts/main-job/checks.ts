import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PackageDocument } from '../../examples/extraction/service/documents.ts';

/** One line of the operational checklist. */
export interface LineReport {
  readonly line: string;
  readonly status: 'pass' | 'fail' | 'warn' | 'unknown' | 'not-applicable';
  /** The checks that answered it. */
  readonly checks: readonly string[];
}

/** What `keepspan verify` proved on the reference service. */
export interface ChecksReport {
  readonly lines: readonly LineReport[];
  readonly passed: number;
  readonly failed: number;
  /** Of the checks that failed, in words. */
  readonly findings: readonly string[];
}

export interface ChecksOptions {
  readonly executable: string;
  /** The service's entry file. */
  readonly service: string;
  readonly document: PackageDocument;
  /** Private. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the page shows the checklist. */
  readonly workbenchUrl: string;
}

interface Document {
  readonly lines: readonly LineReport[];
  readonly checks: readonly {
    readonly id: string;
    readonly status: string;
    readonly title: string;
    readonly evidence: readonly string[];
  }[];
}

const run = promisify(execFile);
const TIMEOUT_MS = 180_000;
const MAX_OUTPUT_BYTES = 16 << 20;

/** Runs `keepspan verify` on the service, as a user would. */
export async function runChecks({
  executable,
  service,
  document,
  folder,
  env,
  workbenchUrl,
}: ChecksOptions): Promise<ChecksReport> {
  const file = join(folder, 'document.json');
  await writeFile(file, JSON.stringify({ document: { ...document, id: 'document-{n}' } }));
  const extract = ['--request', `POST /extract @${file}`];
  const result = ['--request', 'GET /documents/document-{n}/result?waitMs=5000'];
  const args = ['verify', '--json', '--to', workbenchUrl, '--dir', dirname(service), ...extract, ...result];
  const command = [process.execPath, '--import', 'keepspan/register', service];
  const { stdout } = await run(process.execPath, [executable, ...args, '--', ...command], {
    env: { ...env },
    timeout: TIMEOUT_MS,
    maxBuffer: MAX_OUTPUT_BYTES,
  }).catch((error: unknown) => {
    // Exit code 1 means findings: the document is there all the same.
    if (Object(error).code === 1 && Object(error).stdout !== '')
      return { stdout: String(Object(error).stdout) };
    throw error;
  });
  const { lines, checks } = JSON.parse(stdout) as Document;
  const bad = checks.filter(({ status }) => status === 'fail');
  return {
    lines,
    passed: lines.filter(({ status }) => status === 'pass').length,
    failed: lines.filter(({ status }) => status === 'fail').length,
    findings: bad.map(({ id, title, evidence }) => `${id} ${title}: ${evidence.join('; ')}`),
  };
}

/** One line for the report. */
export function checksLine({ lines, passed, failed }: ChecksReport): string {
  const rest = lines.length - passed - failed;
  return `Checklist   ${passed} of ${lines.length} lines passed${failed > 0 ? `, ${failed} FAILED` : ''}${rest > 0 ? `, ${rest} do not apply or are not known` : ''}`;
}
