import { CODES, docsAnchor } from './codes.ts';
import type { CodeEntry } from './codes.ts';
import { toJsonLine, writeOwnRecord } from './stderr.ts';

/** What a warning is about. `site` tells call sites apart: one line is written for each. */
export interface WarningDetail {
  readonly site?: string;
  readonly [field: string]: unknown;
}

export interface Warner {
  /** Counts a warning, and writes it the first time at its site. Returns whether it was written. Never throws. */
  warnOnce(code: string, detail?: WarningDetail): boolean;
  /** How often each code was given, written or not. */
  counts(): Readonly<Record<string, number>>;
}

const TABLE: Readonly<Record<string, CodeEntry | undefined>> = CODES;
/** Codes come through interfaces that take any text; the table is kept complete by a test. */
const UNLISTED: CodeEntry = {
  severity: 'warning',
  title: 'A warning without an entry',
  fix: 'report its code',
};
const FULL = 'KS-SELF-001';
const MAX_SITES = 1_000;
const LEVELS = { error: 'error', warning: 'warn', info: 'info' } as const;

/**
 * Memory is bounded: past `maxSites` different code and site pairs, new ones are counted only, which is said once as
 * KS-SELF-001.
 */
export function createWarner(write?: (line: string) => void, maxSites: number = MAX_SITES): Warner {
  const seen = new Set<string>();
  const counted = new Map<string, number>();

  const writeWarning = (code: string, detail: WarningDetail) => {
    const { severity, title, fix } = TABLE[code] ?? UNLISTED;
    const head = { level: LEVELS[severity], time: new Date().toISOString(), msg: title, code };
    const record = Object.assign({}, head, detail, head, { fix: detail.fix ?? fix, docs: docsAnchor(code) });
    if (write === undefined) writeOwnRecord(record);
    else write(toJsonLine(record));
  };
  const count = (code: string) => {
    const counter = counted.has(code) || counted.size < maxSites ? code : FULL;
    counted.set(counter, (counted.get(counter) ?? 0) + 1);
  };

  return {
    warnOnce(code, detail = {}) {
      count(code);
      const key = `${code} ${detail.site ?? ''}`;
      if (seen.has(key)) return false;
      if (seen.size >= maxSites) {
        if (!counted.has(FULL)) writeWarning(FULL, { maxSites });
        count(FULL);
        return false;
      }
      seen.add(key);
      writeWarning(code, detail);
      return true;
    },
    counts: () => Object.fromEntries(counted),
  };
}

const processWarner = createWarner();

/**
 * Writes a warning as one JSON line where records go, once for each code and site in this process, and counts every
 * call. `detail.fix` replaces the general fix of the code. Never throws.
 */
export function warnOnce(code: string, detail?: WarningDetail): boolean {
  return processWarner.warnOnce(code, detail);
}

/** How often each code was given in this process, written or not. */
export function warningCounts(): Readonly<Record<string, number>> {
  return processWarner.counts();
}
