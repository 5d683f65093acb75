import type { Problem } from './problem.ts';
import { maskValue } from './problem.ts';
import { siteMeant } from './sites.ts';
import type { Settings } from './table.ts';

type Env = Readonly<Record<string, string | undefined>>;
type Severity = Problem['severity'];

/** The ports of the Agent: APM, and OTLP by gRPC and by HTTP. */
const APM_PORT = '8126';
const OTLP_PORTS = ['4317', '4318'];
const DATADOG_MAX_AGE_MS = 24 * 3_600_000;

/**
 * Settings that are each right and together wrong, across Datadog, OpenTelemetry, OpenLLMetry and our own. The values
 * stay as they are given: which one was meant is not ours to know, only what will happen.
 */
export function contradictions(settings: Settings, env: Env): Problem[] {
  const problems: Problem[] = [];
  const add = (
    code: Problem['code'],
    severity: Severity,
    variable: string,
    value: unknown,
    why: string,
    fix: string,
  ) => {
    problems.push({ code, severity, variable, value: maskValue(undefined, value ?? '(unset)'), why, fix });
  };
  if (isOn(settings)) switchedOn(settings, env, add);
  addresses(settings, add);
  budgets(settings, add);
  names(settings, env, add);
  return problems;
}

type Add = (
  code: Problem['code'],
  severity: Severity,
  variable: string,
  value: unknown,
  why: string,
  fix: string,
) => void;

function isOn({ enabled, stack }: Settings): boolean {
  return stack === undefined ? enabled : stack !== 'off';
}

function switchedOn(settings: Settings, env: Env, add: Add): void {
  const { stack, enabled } = settings;
  const datadog = stack !== 'otlp';
  if (settings.agentless && settings.apiKey === undefined) {
    add(
      'KS-SETTINGS-007',
      'error',
      'DD_API_KEY',
      undefined,
      'DD_LLMOBS_AGENTLESS_ENABLED is on, and the intake takes nothing without a key',
      'set DD_API_KEY from a secret, or DD_LLMOBS_AGENTLESS_ENABLED=0 to send through the Agent',
    );
  }
  if (datadog && !settings.traceEnabled) {
    add(
      'KS-SETTINGS-011',
      'error',
      'DD_TRACE_ENABLED',
      'false',
      'it switches dd-trace off as a whole, LLM Observability with it',
      'remove it; to do without APM traces set DD_APM_TRACING_ENABLED=false',
    );
  }
  if (
    stack !== undefined &&
    !enabled &&
    env['DD_LLMOBS_ENABLED'] !== undefined &&
    env['DD_LLMOBS_ENABLED'] !== ''
  ) {
    add(
      'KS-SETTINGS-012',
      'warning',
      'KEEPSPAN_STACK',
      stack,
      'DD_LLMOBS_ENABLED says no, and naming a stack says yes: it is on',
      'KEEPSPAN_STACK=off switches everything off; without KEEPSPAN_STACK DD_LLMOBS_ENABLED decides',
    );
  }
  if ((stack === 'otlp' || stack === 'dual') && /^\s*true\s*$/i.test(env['OTEL_SDK_DISABLED'] ?? '')) {
    add(
      'KS-SETTINGS-013',
      'error',
      'OTEL_SDK_DISABLED',
      'true',
      `the stack ${stack} makes spans with OpenTelemetry, which this switches off`,
      'remove OTEL_SDK_DISABLED, or use KEEPSPAN_STACK=datadog',
    );
  }
}

function addresses(settings: Settings, add: Add): void {
  const { agentUrl, agentHost, agentPort, site, intakeUrl } = settings;
  const meant = siteMeant(site);
  if (intakeUrl === undefined && meant !== site.toLowerCase()) {
    add(
      'KS-SETTINGS-014',
      'warning',
      'DD_SITE',
      site,
      'Datadog has no such site',
      meant === undefined ? 'use one of the sites in docs/guides/settings.md' : `did you mean ${meant}?`,
    );
  }
  for (const [variable, value] of [
    ['OTEL_EXPORTER_OTLP_ENDPOINT', settings.otlpEndpoint],
    ['TRACELOOP_BASE_URL', settings.traceloopBaseUrl],
  ] as const) {
    const url = value === undefined ? null : URL.parse(value);
    if (url === null) continue;
    if (/\/v1(\/(traces|metrics|logs))?$/.test(url.pathname.replace(/\/+$/, ''))) {
      add(
        'KS-SETTINGS-015',
        'error',
        variable,
        value,
        'it is a base URL to which /v1/traces is added, so the path would stand there twice',
        `${variable}=${url.origin}${url.pathname.replace(/\/v1(\/\w+)?\/*$/, '')}`,
      );
    }
    if (url.port === APM_PORT) {
      add(
        'KS-SETTINGS-016',
        'warning',
        variable,
        value,
        'port 8126 takes the traces of Datadog tracers, not OTLP',
        'the OTLP receiver of an Agent listens on 4318 (HTTP)',
      );
    } else if (url.port === '4317') {
      add(
        'KS-SETTINGS-016',
        'warning',
        variable,
        value,
        'port 4317 takes OTLP by gRPC, and what is sent here is HTTP',
        'the OTLP receiver of an Agent listens on 4318 (HTTP)',
      );
    }
  }
  const url = agentUrl === undefined ? null : URL.parse(agentUrl);
  if (url === null) return;
  if (OTLP_PORTS.includes(url.port)) {
    add(
      'KS-SETTINGS-016',
      'warning',
      'DD_TRACE_AGENT_URL',
      agentUrl,
      `port ${url.port} takes OTLP, not the traces of Datadog tracers`,
      'the Agent takes traces on port 8126',
    );
  }
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  const isSocket = url.protocol === 'unix:';
  const otherHost = agentHost !== undefined && (isSocket || bare(agentHost) !== bare(url.hostname));
  const otherPort = agentPort !== undefined && (isSocket || agentPort !== port);
  if (otherHost || otherPort) {
    add(
      'KS-SETTINGS-017',
      'warning',
      'DD_TRACE_AGENT_URL',
      agentUrl,
      `it goes before ${otherHost ? `DD_AGENT_HOST (${agentHost})` : `DD_TRACE_AGENT_PORT (${agentPort})`}, which names another address`,
      'keep the one that is meant and remove the other',
    );
  }
}

function bare(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$/g, '');
}

function budgets(settings: Settings, add: Add): void {
  const { shutdownTimeoutMs, drainDelayMs, journalMaxAgeMs } = settings;
  if (drainDelayMs > 0 && drainDelayMs >= shutdownTimeoutMs) {
    add(
      'KS-SETTINGS-018',
      'error',
      'KEEPSPAN_DRAIN_DELAY_MS',
      drainDelayMs,
      `it takes the whole budget of the shutdown (${shutdownTimeoutMs} ms): nothing could be flushed or closed`,
      'choose a delay well below KEEPSPAN_SHUTDOWN_TIMEOUT_MS',
    );
  }
  if (journalMaxAgeMs > DATADOG_MAX_AGE_MS && settings.stack !== 'otlp') {
    add(
      'KS-SETTINGS-019',
      'info',
      'KEEPSPAN_JOURNAL_MAX_AGE_MS',
      journalMaxAgeMs,
      'Datadog refuses what is older than 24 hours: what waited longer is refused there instead of expiring here',
      'leave it at 24h, unless another upstream takes older records',
    );
  }
}

function names(settings: Settings, env: Env, add: Add): void {
  if (!env['OTEL_SERVICE_NAME'] && !env['OTEL_RESOURCE_ATTRIBUTES']) return;
  const attributes = new Map(
    (env['OTEL_RESOURCE_ATTRIBUTES'] ?? '').split(',').flatMap((pair) => {
      const at = pair.indexOf('=');
      return at < 0 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()] as const];
    }),
  );
  const said: readonly (readonly [string, string | undefined, string, string | undefined])[] = [
    ['DD_SERVICE', env['DD_SERVICE'] && settings.service, 'OTEL_SERVICE_NAME', env['OTEL_SERVICE_NAME']],
    ['DD_ENV', settings.env, 'deployment.environment', attributes.get('deployment.environment')],
    ['DD_ENV', settings.env, 'deployment.environment.name', attributes.get('deployment.environment.name')],
    ['DD_VERSION', settings.version, 'service.version', attributes.get('service.version')],
  ];
  for (const [variable, value, other, otherValue] of said) {
    if (!value || !otherValue || value === otherValue) continue;
    add(
      'KS-SETTINGS-020',
      'warning',
      variable,
      value,
      `${other} says ${maskValue(undefined, otherValue)}: one backend would show two names for one thing`,
      `give ${variable} and ${other} the same value`,
    );
  }
}
