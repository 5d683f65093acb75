import type { Host } from './host.ts';
import { maskValue, nearest } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Row } from './row.ts';
import { isVendorName, vendorNames } from './vendor-names.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Read by the test suite and by our own child processes, not settings of an application. */
const NOT_SETTINGS = /^KEEPSPAN_(TEST|INTERNAL)_/;
const VENDORS = ['DD_', 'OTEL_', 'TRACELOOP_', '_DD_', '_OTEL_', '_TRACELOOP_'];
const OURS = 'KEEPSPAN_';
/** Switches of single integrations; there is one for each library, and their names are close to each other. */
const INTEGRATION = /^(DD_TRACE_\w+_ENABLED|OTEL_INSTRUMENTATION_\w+)$/;
/** Short names are near to anything: other programs' are left alone below this, and vendors' get one slip. */
const MIN_LETTERS = 8;
/** More problems of one kind than this are one mistake, made once: the rest is not listed. */
const MAX_LISTED = 50;

/**
 * Names that are probably slips. Of ours every unknown one is named. Of Datadog's, OpenTelemetry's and OpenLLMetry's
 * one is named only when it is one or two slips away from a name that exists: those namespaces are shared with agents
 * and libraries of which we know nothing. Of all others one slip away from a setting of ours.
 */
export function unknownNames(env: Env, rows: readonly Row[], host: Host): Problem[] {
  const ours = new Set<string>();
  for (const { name, otherNames = [] } of rows) {
    ours.add(name);
    for (const other of otherNames) ours.add(other);
  }
  const near = nearOurs(ours);
  const tracer = tracerNames(host);
  const problems: Problem[] = [];
  for (const name of Object.keys(env)) {
    if (ours.has(name) || !(name.startsWith(OURS) || isVendors(name) || near(name))) continue;
    const found = judge(name, ours, tracer);
    if (found !== undefined && problems.push(found) >= MAX_LISTED) break;
  }
  return problems;
}

function judge(
  name: string,
  ours: ReadonlySet<string>,
  tracer: ReturnType<typeof tracerNames>,
): Problem | undefined {
  if (name.startsWith(OURS)) {
    if (NOT_SETTINGS.test(name)) return undefined;
    const own = Array.from(ours).filter((candidate) => candidate.startsWith(OURS));
    return unknownSetting('KS-SETTINGS-003', 'warning', name, nearest(name, own));
  }
  if (!isVendors(name)) {
    const meant = nearest(name, ours, 2);
    if (meant === undefined) return undefined;
    // LOG_LEVELS may be another program's; KEEPSAN_STACK is nobody's.
    return unknownSetting('KS-SETTINGS-010', meant === 'LOG_LEVEL' ? 'info' : 'warning', name, meant);
  }
  if (isVendorName(name) || tracer.has(name)) return undefined;
  const limit = name.length > MIN_LETTERS ? 3 : 2;
  const meant = nearest(name, ours, limit) ?? nearest(name, [...vendorNames(), ...tracer.all()], limit);
  if (meant === undefined || (INTEGRATION.test(name) && INTEGRATION.test(meant))) return undefined;
  return unknownSetting('KS-SETTINGS-010', 'warning', name, meant);
}

/**
 * Whether a name may be one slip from one of ours, and has to be measured: a slip leaves the beginning or the end as
 * it was, and the length within one. This runs once for every variable of every process: it looks up and compares nothing.
 */
function nearOurs(ours: ReadonlySet<string>): (written: string) => boolean {
  const ends = new Set<string>();
  for (const name of ours) {
    ends.add(name.slice(0, 3) + name.length);
    ends.add(name.length + name.slice(-3));
  }
  return (written) => {
    if (written.length < MIN_LETTERS) return false;
    const first = written.slice(0, 3);
    const last = written.slice(-3);
    for (let length = written.length - 1; length <= written.length + 1; length += 1) {
      if (ends.has(first + length) || ends.has(length + last)) return /[A-Z]/.test(written);
    }
    return false;
  };
}

/** dd-trace's own list, read when a name is not ours, searched as text, and taken apart only for a suggestion. */
function tracerNames(host: Host) {
  let text: string | undefined;
  const read = () => (text ??= host.tracerSettings?.() ?? '');
  return {
    has: (name: string): boolean => read().includes(`"${name}"`),
    all: (): Iterable<string> =>
      new Set(Array.from(read().matchAll(/"((?:DD|OTEL)_[A-Z0-9_]+)"/g), ([, name]) => name ?? '')),
  };
}

function isVendors(name: string): boolean {
  return VENDORS.some((prefix) => name.startsWith(prefix));
}

/** Keys of options or of a file that are no setting. */
export function unknownKeys(
  given: Readonly<Record<string, unknown>>,
  rows: readonly Row[],
  from: string,
): Problem[] {
  const keys = rows.map((row) => row.key);
  return Object.keys(given)
    .filter((key) => !keys.includes(key) && !rows.some((row) => row.name === key))
    .slice(0, MAX_LISTED)
    .map((key) => unknownSetting('KS-SETTINGS-004', 'warning', `${from}.${key}`, nearest(key, keys)));
}

/** Its value is not shown: under a name nobody knows it may be anything, a secret too. */
function unknownSetting(
  code: Problem['code'],
  severity: Problem['severity'],
  variable: string,
  suggestion: string | undefined,
): Problem {
  return {
    code,
    severity,
    variable: maskValue(undefined, variable),
    value: '(not read)',
    why: 'there is no such setting',
    fix:
      suggestion === undefined
        ? 'remove it; docs/reference/settings.md lists all settings'
        : `did you mean ${suggestion}?`,
    ...(suggestion === undefined ? {} : { suggestion }),
  };
}
