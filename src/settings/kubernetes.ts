import { profileRules } from './profiles.ts';
import type { Profile } from './row.ts';
import type { Settings } from './table.ts';

export interface DeploymentOptions {
  /** What the deployment runs with: the profile's settings, those of the configuration file over them. */
  readonly settings: Settings;
  readonly profile: Profile;
  readonly image: string;
  /** Name of the secret that holds `api-key`. */
  readonly secret: string;
  /** Seconds between the pod's removal from its endpoints and SIGTERM; they count inside the grace period. */
  readonly preStopSeconds: number;
}

/** What the kubelet needs beyond the hook and our budget, before it kills. */
const RESERVE_SECONDS = 5;
const JOURNAL_DIR = '/var/lib/keepspan';
/** The volume holds more than the journal's own limit: segments that are being written, and the counter page. */
const VOLUME_EXTRA = 64 * 2 ** 20;
const MIB = 2 ** 20;

type EnvVar = { readonly name: string } & Readonly<Record<string, unknown>>;

/** Seconds of `terminationGracePeriodSeconds` that hold the hook, the whole shutdown and a reserve. */
export function gracePeriodSeconds(shutdownTimeoutMs: number, preStopSeconds: number): number {
  return preStopSeconds + Math.ceil(shutdownTimeoutMs / 1000) + RESERVE_SECONDS;
}

/**
 * A Deployment whose environment, grace period, hook and journal volume fit each other. It is a starting point that
 * applies as it is; what the application needs besides is added to it.
 */
export function deployment(options: DeploymentOptions): Readonly<Record<string, unknown>> {
  const { settings, image, preStopSeconds, profile } = options;
  const name = resourceName(settings.service);
  const labels = {
    app: name,
    'tags.datadoghq.com/env': labelValue(settings.env ?? profile),
    'tags.datadoghq.com/service': labelValue(settings.service),
    'tags.datadoghq.com/version': labelValue(settings.version ?? 'unknown'),
  };
  const volumeMib = Math.ceil((settings.journalMaxBytes + VOLUME_EXTRA) / MIB);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, labels },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: gracePeriodSeconds(settings.shutdownTimeoutMs, preStopSeconds),
          // The journal belongs to the user that the container runs as.
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 1000,
            fsGroup: 1000,
            fsGroupChangePolicy: 'OnRootMismatch',
          },
          containers: [
            {
              name,
              image,
              env: environmentOf(options),
              lifecycle: { preStop: { sleep: { seconds: preStopSeconds } } },
              volumeMounts: [{ name: 'keepspan-journal', mountPath: JOURNAL_DIR }],
            },
          ],
          volumes: [{ name: 'keepspan-journal', emptyDir: { sizeLimit: `${volumeMib}Mi` } }],
        },
      },
    },
  };
}

function environmentOf({ settings, profile, secret }: DeploymentOptions): EnvVar[] {
  const own: EnvVar[] = [
    ...['env', 'service', 'version'].map((what) => ({
      name: `DD_${what.toUpperCase()}`,
      valueFrom: { fieldRef: { fieldPath: `metadata.labels['tags.datadoghq.com/${what}']` } },
    })),
    { name: 'DD_LLMOBS_ENABLED', value: '1' },
    { name: 'DD_LLMOBS_ML_APP', value: settings.mlApp ?? settings.service },
    { name: 'DD_LLMOBS_AGENTLESS_ENABLED', value: settings.agentless ? '1' : '0' },
    // Before those that name it: the kubelet puts in only what stands above.
    { name: 'DD_AGENT_HOST', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
    { name: 'DD_TRACE_AGENT_URL', value: 'http://$(DD_AGENT_HOST):8126' },
    { name: 'DD_TRACE_SAMPLING_RULES', value: settings.samplingRules ?? profileRules(profile) },
    { name: 'KEEPSPAN_ENV', value: profile },
    { name: 'KEEPSPAN_JOURNAL_DIR', value: JOURNAL_DIR },
    { name: 'KEEPSPAN_JOURNAL_MAX_BYTES', value: String(settings.journalMaxBytes) },
    { name: 'KEEPSPAN_SHUTDOWN_TIMEOUT_MS', value: String(settings.shutdownTimeoutMs) },
    { name: 'KEEPSPAN_RECALL_THRESHOLD', value: String(settings.recallThreshold) },
    { name: 'LOG_LEVEL', value: settings.logLevel },
  ];
  if (profile !== 'development')
    own.push({ name: 'TRACELOOP_BASE_URL', value: 'http://$(DD_AGENT_HOST):4318' });
  if (settings.agentless || profile === 'development') {
    own.push({ name: 'DD_API_KEY', valueFrom: { secretKeyRef: { name: secret, key: 'api-key' } } });
  }
  return own;
}

/** A name as Kubernetes takes it (RFC 1123 label). */
function resourceName(service: string): string {
  const clean = service
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  return clean === '' ? 'service' : clean;
}

/** A label's value begins and ends with a letter or digit and has at most 63 characters. */
function labelValue(text: string): string {
  return text
    .replace(/[^\w.-]+/g, '-')
    .slice(0, 63)
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
}
