import type { LocatedTracer } from '../bridges/dd-trace/locate.ts';
import { locateOpenLlmetry } from '../bridges/openllmetry/locate.ts';
import type { DatadogTracer } from '../bridges/openllmetry/shapes.ts';
import { startOpenLlmetry, type FrameworkSeam } from '../bridges/openllmetry/start.ts';
import { errorText } from '../kernel/error-text.ts';
import { shownUrl } from '../kernel/shown-url.ts';
import type { ContentRule } from '../redaction/content.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import type { Settings } from '../settings/table.ts';
import type { ReadableSpan } from '../wire/otlp/readable-span.ts';
import { frameworkReceiver } from './framework-receiver.ts';
import { otlpCustody } from './otlp/join.ts';
import type { CustodyPart } from './otlp/part.ts';

/** The framework stream of stack `dual`, as the rest of the house sees it. */
export interface Frameworks {
  readonly seam: FrameworkSeam;
  /** What is instrumented. */
  readonly libraries: readonly string[];
  readonly patched: readonly string[];
  readonly versions: Readonly<Record<string, string>>;
  /** Its receiver, without credentials. */
  readonly upstream: string;
  readonly degraded: string | undefined;
  uninstall(): void;
}

export interface DualParts {
  readonly settings: Settings;
  readonly content: ContentRule;
  readonly located: LocatedTracer;
  readonly custodyLevel: 'evaluations' | 'wire' | 'full';
  /** Takes the custody of the stream along: ledger, shutdown, health. */
  readonly join: (part: CustodyPart) => void;
}

/** Whether the stack is `dual`: named, or its receiver is and OpenLLMetry is installed. */
export function isDual({ stack, traceloopBaseUrl }: Settings): boolean {
  if (stack !== undefined) return stack === 'dual';
  return traceloopBaseUrl !== undefined && locateOpenLlmetry(process.argv[1], process.cwd()) !== undefined;
}

/**
 * Starts OpenLLMetry beside dd-trace, its spans in custody of a journal of their own. What cannot be done is one
 * warning; then the stack is `datadog`.
 */
export function startDual({
  settings,
  content,
  located,
  custodyLevel,
  join,
}: DualParts): Frameworks | undefined {
  const receiver = frameworkReceiver(settings);
  if (receiver === undefined) {
    warnOnce('KS-DUAL-002');
    return undefined;
  }
  const baseUrl = receiver.endpoint;
  try {
    const found = locateOpenLlmetry(process.argv[1], process.cwd());
    if (found === undefined) {
      warnOnce('KS-DUAL-001');
      return undefined;
    }
    // At that level every library is left as it is.
    const takes = custodyLevel !== 'evaluations';
    const custody = takes ? otlpCustody([receiver], settings) : undefined;
    const session = startOpenLlmetry({
      located: found,
      tracer: located.require(located.root) as DatadogTracer,
      baseUrl,
      service: settings.service,
      // What goes out by its own exporter is not looked through.
      traceContent: content.capture === 'full' || (takes && content.capture === 'redacted'),
      // The SDK's objects, of which the bridge knows no more than that.
      take: custody === undefined ? undefined : (spans) => custody.take(spans as readonly ReadableSpan[]),
      trouble: (library, error) =>
        warnOnce('KS-DUAL-004', { site: library, library, error: errorText(error) }),
    });
    if (custody !== undefined) join(custody);
    const degraded = takes && session.seam === 'none';
    if (degraded) warnOnce('KS-DUAL-003', { receiver: shownUrl(baseUrl) });
    return {
      seam: session.seam,
      libraries: session.frameworks,
      patched: session.patched,
      versions: { '@traceloop/node-server-sdk': found.version },
      upstream: shownUrl(baseUrl),
      degraded: degraded ? "framework spans by OpenLLMetry's own exporter" : undefined,
      uninstall: () => session.uninstall(),
    };
  } catch (error) {
    warnOnce('KS-DUAL-005', { error: errorText(error) });
    return undefined;
  }
}
