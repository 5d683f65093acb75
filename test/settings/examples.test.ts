import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REAL_HOST } from '../../src/settings/host.ts';
import type { Host } from '../../src/settings/host.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { vendorNames } from '../../src/settings/vendor-names.ts';

const host: Host = {
  cwd: () => '/srv/app',
  homedir: () => '/srv/home',
  readText: () => '{"name":"orders"}',
  tracerSettings: REAL_HOST.tracerSettings as () => string | undefined,
};

function loud(env: Readonly<Record<string, string>>) {
  return loadSettings({ env, host }).problems.filter(({ severity }) => severity !== 'info');
}

/** As the documentations print them; the address of the page stands with each. */
const EXAMPLES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'docs.datadoghq.com/llm_observability/instrumentation/sdk?tab=nodejs': {
    DD_SITE: 'datadoghq.com',
    DD_API_KEY: '0123456789abcdef0123456789abcdef',
    DD_LLMOBS_ENABLED: '1',
    DD_LLMOBS_AGENTLESS_ENABLED: '1',
    DD_LLMOBS_ML_APP: 'my-ml-app',
    NODE_OPTIONS: '--import dd-trace/initialize.mjs',
  },
  'docs.datadoghq.com/tracing/trace_collection/library_config/nodejs': {
    DD_SERVICE: 'my-service',
    DD_ENV: 'prod',
    DD_VERSION: '0.9.1',
    DD_TRACE_AGENT_URL: 'unix:///var/run/datadog/apm.socket',
    DD_TRACE_STARTUP_LOGS: 'true',
    DD_TRACE_DEBUG: 'false',
    DD_TRACE_OBFUSCATION_QUERY_STRING_REGEXP: '.*',
    DD_TRACE_RATE_LIMIT: '100',
    DD_TRACE_SAMPLE_RATE: '0.1',
    DD_TRACE_SAMPLING_RULES:
      '[{"service": "my-service", "name": "web.request", "sample_rate": 0.5}, {"resource": "GET /healthcheck", "tags": {"a": "b*"}, "sample_rate": 0.0}]',
    DD_SPAN_SAMPLING_RULES:
      '[{"service":"my-service","name":"operation","sample_rate":0.1,"max_per_second":50}]',
    DD_TAGS: 'layer:api,team:intake',
    DD_LOGS_INJECTION: 'true',
    DD_RUNTIME_METRICS_ENABLED: 'true',
    DD_PROFILING_ENABLED: 'true',
    DD_APPSEC_ENABLED: 'true',
    DD_TRACE_DISABLED_PLUGINS: 'express,dns',
    DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'true',
  },
  'docs.datadoghq.com/containers/kubernetes/apm': {
    DD_AGENT_HOST: '10.0.0.5',
    DD_ENTITY_ID: 'uid',
    DD_EXTERNAL_ENV: 'it-false,cn-app,pu-uid',
    DD_TRACE_AGENT_PORT: '8126',
    DD_DOGSTATSD_PORT: '8125',
  },
  'docs.datadoghq.com/opentelemetry/setup/otlp_ingest_in_the_agent': {
    DD_OTLP_CONFIG_RECEIVER_PROTOCOLS_HTTP_ENDPOINT: '0.0.0.0:4318',
    DD_OTLP_CONFIG_RECEIVER_PROTOCOLS_GRPC_ENDPOINT: '0.0.0.0:4317',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://10.0.0.5:4318',
  },
  'opentelemetry.io/docs/languages/sdk-configuration/otlp-exporter': {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://my-api-endpoint/',
    OTEL_EXPORTER_OTLP_HEADERS: 'api-key=key,other-config-value=value',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://my-api-endpoint/v1/traces',
    OTEL_EXPORTER_OTLP_TIMEOUT: '10000',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
  },
  'opentelemetry.io/docs/languages/sdk-configuration/general': {
    OTEL_SERVICE_NAME: 'your-service-name',
    OTEL_RESOURCE_ATTRIBUTES: 'key1=value1,key2=value2',
    OTEL_TRACES_SAMPLER: 'traceidratio',
    OTEL_TRACES_SAMPLER_ARG: '0.5',
    OTEL_PROPAGATORS: 'b3,xray',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_NODE_ENABLED_INSTRUMENTATIONS: 'http,express',
    OTEL_NODE_RESOURCE_DETECTORS: 'env,host,os',
  },
  'traceloop.com/docs/openllmetry/integrations/datadog': {
    TRACELOOP_BASE_URL: 'http://10.0.0.5:4318',
  },
  'traceloop.com/docs/openllmetry/configuration': {
    TRACELOOP_API_KEY: 'tl_key',
    TRACELOOP_BASE_URL: 'https://api.traceloop.com',
    TRACELOOP_HEADERS: 'Authorization=Bearer%20token',
    TRACELOOP_TRACE_CONTENT: 'false',
    TRACELOOP_TELEMETRY: 'false',
    TRACELOOP_SYNC_ENABLED: 'true',
  },
  'the requirement': {
    DD_LLMOBS_ENABLED: '1',
    DD_LLMOBS_AGENTLESS_ENABLED: '0',
    DD_REQUESTS_DISTRIBUTED_TRACING: 'false',
    DD_URLLIB3_DISTRIBUTED_TRACING: 'false',
    DD_TRACE_ENABLED: 'true',
    DD_TRACE_AGENT_URL: 'http://10.0.0.5:8126',
    DD_AGENT_HOST: '10.0.0.5',
    TRACELOOP_BASE_URL: 'http://10.0.0.5:4318',
    LOG_LEVEL: 'INFO',
    DD_TRACE_SAMPLING_RULES:
      '[{"resource":"kafka.consume","sample_rate":0.01},{"resource":"sqs.receivemessage","sample_rate":0.01}]',
  },
};

for (const [page, env] of Object.entries(EXAMPLES)) {
  test(`no false alarm: ${page}`, () => assert.deepEqual(loud(env), []));
}

test('no false alarm: every name that dd-trace supports, with its own default, and every name of the others', () => {
  const text = REAL_HOST.tracerSettings?.() ?? '';
  const supported = (
    JSON.parse(text) as {
      supportedConfigurations: Record<string, { default?: string | null; aliases?: string[] }[]>;
    }
  ).supportedConfigurations;
  const names = Object.entries(supported).flatMap(([name, forms]) =>
    [name, ...forms.flatMap(({ aliases }) => aliases ?? [])].map(
      (each) => [each, forms[0]?.default ?? ''] as const,
    ),
  );
  assert.ok(names.length > 500);
  assert.deepEqual(loud(Object.fromEntries(names)), []);
  assert.deepEqual(loud(Object.fromEntries(vendorNames().map((name) => [name, '']))), []);
});
