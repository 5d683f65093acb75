import type { Host } from './host.ts';
import { maskValue, nearest } from './problem.ts';
import type { Problem } from './problem.ts';
import type { Row } from './row.ts';
import { vendorNames } from './vendor-names.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** Read by the test suite and by our own child processes, not settings of an application. */
const NOT_SETTINGS = /^KEEPSPAN_(TEST|INTERNAL)_/;
const VENDOR = /^_?(DD|OTEL|TRACELOOP)_/;
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
  const ours = rows.flatMap((row) => [row.name, ...(row.otherNames ?? [])]);
  const tracer = tracerNames(host);
  let others: ReadonlySet<string> | undefined;
  const vendors = () => (others ??= new Set(vendorNames()));
  const problems: Problem[] = [];
  for (const name of Object.keys(env)) {
    if (problems.length >= MAX_LISTED) break;
    if (ours.includes(name) || !/[A-Z]/.test(name)) continue;
    const found = judge(name, ours, vendors, tracer);
    if (found !== undefined) problems.push(found);
  }
  return problems;
}

function judge(
  name: string,
  ours: readonly string[],
  vendors: () => ReadonlySet<string>,
  tracer: ReturnType<typeof tracerNames>,
): Problem | undefined {
  if (name.startsWith('KEEPSPAN_')) {
    if (NOT_SETTINGS.test(name)) return undefined;
    const own = ours.filter((candidate) => candidate.startsWith('KEEPSPAN_'));
    return unknownSetting('KS-SETTINGS-003', 'warning', name, nearest(name, own));
  }
  if (!VENDOR.test(name)) {
    if (name.length < MIN_LETTERS || !ours.some((own) => mayBe(name, own))) return undefined;
    const meant = nearest(name, ours, 2);
    if (meant === undefined) return undefined;
    // LOG_LEVELS may be another program's; KEEPSAN_STACK is nobody's.
    return unknownSetting('KS-SETTINGS-010', meant === 'LOG_LEVEL' ? 'info' : 'warning', name, meant);
  }
  if (vendors().has(name) || tracer.has(name)) return undefined;
  const limit = name.length > MIN_LETTERS ? 3 : 2;
  const meant = nearest(name, ours, limit) ?? nearest(name, [...vendors(), ...tracer.all()], limit);
  if (meant === undefined || (INTEGRATION.test(name) && INTEGRATION.test(meant))) return undefined;
  return unknownSetting('KS-SETTINGS-010', 'warning', name, meant);
}

/** One slip leaves the beginning or the end as it was: most names need not be measured. */
function mayBe(written: string, own: string): boolean {
  if (Math.abs(written.length - own.length) > 1) return false;
  return own.startsWith(written.slice(0, 3)) || own.endsWith(written.slice(-3));
}

/** dd-trace's own list, read when a name is not ours, searched as text, and taken apart only for a suggestion. */
function tracerNames(host: Host) {
  let text: string | undefined;
  let names: readonly string[] | undefined;
  const read = () => (text ??= host.tracerSettings?.() ?? '');
  return {
    has: (name: string): boolean => read().includes(`"${name}"`),
    all: (): readonly string[] =>
      (names ??= [
        ...new Set(Array.from(read().matchAll(/"((?:DD|OTEL)_[A-Z0-9_]+)"/g), ([, name]) => name ?? '')),
      ]),
  };
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
