import { createRequire } from 'node:module';
import type { SpanBackend } from '../../contracts/spans.ts';
import { guardUndici } from '../../bridges/aws/covered-requests.ts';
import { followSigners } from '../../bridges/aws/follow-signers.ts';
import { createOtelBackend } from '../../bridges/opentelemetry/backend.ts';
import { locateApi } from '../../bridges/opentelemetry/locate.ts';
import { createProviderSeam, type ProviderSeam } from '../../bridges/opentelemetry/provider.ts';
import { mendInstrumentations } from '../../bridges/opentelemetry/mend.ts';
import { errorText } from '../../kernel/error-text.ts';
import { warnOnce } from '../../selfmetrics/warnings.ts';
import type { Settings } from '../../settings/table.ts';
import { contentRule } from '../content.ts';
import { importerOf } from '../loaded-by.ts';
import { VERSION } from '../version.ts';
import type { OtlpCustody } from './custody.ts';
import { spanProcessorOf } from './span-processor.ts';

const OPENAI = /[/\\]node_modules[/\\]openai[/\\]/;

/** OpenTelemetry as the rest of stack `otlp` sees it. */
export interface OtlpStack {
  /** Undefined where the application has no OpenTelemetry API: its wrapped functions run without spans. */
  readonly backend: SpanBackend | undefined;
  readonly versions: Readonly<Record<string, string>>;
  /** Why spans may not reach custody; undefined when they do. */
  degraded(): string | undefined;
  uninstall(): void;
}

export interface OtlpStackParts {
  readonly settings: Settings;
  readonly custody: OtlpCustody;
}

/**
 * Finds the application's OpenTelemetry and brings its spans into custody; repairs what its instrumentations break, and
 * keeps trace headers out of signatures. What cannot be done is one warning.
 */
export function startOtlpStack(parts: OtlpStackParts): OtlpStack {
  const undo =
    parts.settings.custody === 'observe'
      ? []
      : [guardUndici(), followSigners(), mendInstrumentations(process.argv[1], process.cwd(), sayLate)];
  const stack = attach(parts);
  return {
    ...stack,
    uninstall() {
      stack.uninstall();
      for (const step of undo.toReversed()) step();
    },
  };
}

/** `import` leaves no trace of who asked. */
function sayLate(): void {
  const { cache } = createRequire(import.meta.url);
  warnOnce('KS-OTLP-009', { by: importerOf(cache, (file) => OPENAI.test(file)) });
}

function attach({ settings, custody }: OtlpStackParts): OtlpStack {
  try {
    const located = locateApi(process.argv[1], process.cwd());
    if (located === undefined) {
      // Its own processor works all the same: only our wrappers need the API.
      if (custody.byApplication) return NO_WRAPPERS;
      warnOnce('KS-OTLP-003');
      return NO_API;
    }
    const seam = createProviderSeam({
      located,
      processor: spanProcessorOf(custody),
      byApplication: () => custody.byApplication,
      resource: resourceOf(settings),
      scope: { name: 'keepspan', version: VERSION },
      onTrouble: (attachment) => warnOnce(attachment === 'missing' ? 'KS-OTLP-004' : 'KS-OTLP-005'),
    });
    const captureContent = contentRule(settings).capture !== 'none';
    return {
      backend: createOtelBackend({ api: located.api, tracer: () => seam.tracer(), captureContent }),
      versions: { '@opentelemetry/api': located.version },
      degraded: () => whyDegraded(seam),
      uninstall: () => seam.uninstall(),
    };
  } catch (error) {
    warnOnce('KS-OTLP-003', { error: errorText(error) });
    return NO_API;
  }
}

/** What spans of ours say of the service. */
export function resourceOf({ service, env, version }: Settings): Record<string, string> {
  return {
    'service.name': service,
    ...(env === undefined ? {} : { 'deployment.environment.name': env }),
    ...(version === undefined ? {} : { 'service.version': version }),
  };
}

function whyDegraded(seam: ProviderSeam): string | undefined {
  switch (seam.attachment()) {
    case 'refused':
      return 'the registered OpenTelemetry provider takes no further processor';
    case 'missing':
      return 'there is no OpenTelemetry provider, and no SDK to make one of';
    case 'none':
    case 'application':
    case 'added':
    case 'made':
      return undefined;
  }
}

const NO_WRAPPERS: OtlpStack = {
  backend: undefined,
  versions: {},
  degraded: () => undefined,
  uninstall: () => undefined,
};

const NO_API: OtlpStack = { ...NO_WRAPPERS, degraded: () => '@opentelemetry/api was not found' };
