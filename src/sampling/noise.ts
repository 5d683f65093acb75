import type { RootFacts } from '../contracts/sampling.ts';
import { compileGlob, type Glob } from './glob.ts';

/** Kinds of noise, recognised by what tracers and the OpenTelemetry conventions put on the root span. */
export const NOISE_CLASSES = ['poll:kafka', 'poll:sqs', 'poll:*', 'health', 'transport'] as const;
export type NoiseClass = (typeof NOISE_CLASSES)[number];

/**
 * What the requirement writes as a resource and means as a class: in Node `kafka.consume` is a span's name, and an
 * SQS poll is an `aws.request`.
 */
export const RESOURCE_ALIASES: Readonly<Record<string, NoiseClass>> = {
  'kafka.consume': 'poll:kafka',
  'sqs.receivemessage': 'poll:sqs',
};

type Matcher = (root: RootFacts) => boolean;

/** Names of consumer spans of dd-trace (naming schemas v0 and v1) and of hand-made ones. */
const KAFKA_NAMES = new Set(['kafka.consume', 'kafka.process', 'kafka.poll', 'kafka.receive', 'kafka.fetch']);
const SQS_NAMES = new Set(['aws.request', 'aws.sqs.process', 'aws.sqs.receive', 'sqs.receivemessage']);
const TRANSPORT_NAMES = new Set([
  'tcp.connect',
  'tls.connect',
  'net.connect',
  'dns.lookup',
  'dns.lookup_service',
  'dns.resolve',
  'dns.reverse',
]);
const RECEIVING = new Set(['receive', 'poll']);

/** Where Kubernetes, load balancers and frameworks look by convention. */
const HEALTH_PATHS = [
  '/health',
  '/health/*',
  '/healthz',
  '/healthcheck',
  '/health-check',
  '/_health',
  '/livez',
  '/live',
  '/liveness',
  '/readyz',
  '/ready',
  '/readiness',
  '/ping',
  '/-/healthy',
  '/-/ready',
  '/actuator/health',
  '/actuator/health/*',
].map(compileGlob);

/** Where tracers send what they have: dd-trace traces the exports of OpenTelemetry libraries in the same process. */
const EXPORT_PATH =
  /^\/(?:v1\/(?:traces|metrics|logs)|v0\.\d\/(?:traces|stats|config)|evp_proxy\/.*|telemetry\/proxy\/.*)$/;

const text = (value: string | number | undefined): string => (value === undefined ? '' : String(value));

function operation(root: RootFacts): string {
  return text(root.tag('messaging.operation.type') ?? root.tag('messaging.operation')).toLowerCase();
}

function isKafkaPoll(root: RootFacts): boolean {
  if (KAFKA_NAMES.has(root.name)) return true;
  return RECEIVING.has(operation(root)) && text(root.tag('messaging.system')) === 'kafka';
}

function isSqsPoll(root: RootFacts): boolean {
  if (SQS_NAMES.has(root.name.toLowerCase()) || root.name.endsWith('ReceiveMessage')) {
    if (text(root.tag('aws.operation')).toLowerCase() === 'receivemessage') return true;
    if (text(root.tag('rpc.method')).toLowerCase() === 'receivemessage') return true;
    if (root.name.toLowerCase() === 'sqs.receivemessage') return true;
  }
  const system = text(root.tag('messaging.system'));
  return (system === 'aws_sqs' || system === 'AmazonSQS') && RECEIVING.has(operation(root));
}

function isPoll(root: RootFacts): boolean {
  return isKafkaPoll(root) || isSqsPoll(root) || RECEIVING.has(operation(root));
}

function isTransport(root: RootFacts): boolean {
  if (TRANSPORT_NAMES.has(root.name)) return true;
  if (text(root.tag('span.kind')) !== 'client') return false;
  return EXPORT_PATH.test(pathOf(root.tag('http.url') ?? root.tag('url.full')));
}

/** Whether the root is a request that came in, on any framework. */
export function isServerRequest(root: RootFacts): boolean {
  return text(root.tag('span.kind')) === 'server';
}

/** Paths of an incoming request as rules see them: the path itself, and the route that took it. */
function requestPaths(root: RootFacts): string[] {
  const paths = [
    pathOf(root.tag('http.url') ?? root.tag('url.full')),
    pathOf(root.tag('url.path') ?? root.tag('http.target')),
    pathOf(root.tag('http.route')),
  ];
  return paths.filter((path) => path !== '');
}

export function requestMethod(root: RootFacts): string {
  return text(root.tag('http.method') ?? root.tag('http.request.method')).toUpperCase();
}

/** The path of a URL or a target, without query, fragment and trailing slash. */
function pathOf(value: string | number | undefined): string {
  const url = text(value);
  if (url === '') return '';
  const afterScheme = url.indexOf('://');
  const start = afterScheme < 0 ? 0 : url.indexOf('/', afterScheme + 3);
  if (start < 0) return '/';
  const end = url.slice(start).search(/[?#]/);
  const path = end < 0 ? url.slice(start) : url.slice(start, start + end);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

function isHealthProbe(root: RootFacts): boolean {
  return isServerRequest(root) && hasPath(root, HEALTH_PATHS);
}

export function hasPath(root: RootFacts, globs: readonly Glob[]): boolean {
  return requestPaths(root).some((path) => globs.some((matches) => matches(path)));
}

const MATCHERS: Readonly<Record<NoiseClass, Matcher>> = {
  'poll:kafka': isKafkaPoll,
  'poll:sqs': isSqsPoll,
  'poll:*': isPoll,
  health: isHealthProbe,
  transport: isTransport,
};

export function noiseMatcher(noise: NoiseClass): Matcher {
  return MATCHERS[noise];
}

/** Whether rules of this class spare a poll that returned something. */
export function isPollClass(noise: NoiseClass): boolean {
  return noise.startsWith('poll:');
}

/** Present on a span of a poll that returned something, whatever they say. */
const MESSAGE_TAGS = [
  'kafka.message.offset',
  'messaging.kafka.message.offset',
  'messaging.kafka.offset',
  'messaging.message.id',
] as const;

/** Whether the root says that messages came. Unsaid counts as none. */
export function hasMessages(root: RootFacts): boolean {
  const count = root.tag('messaging.batch.message_count');
  if (count !== undefined) return Number(count) > 0;
  if (text(root.tag('kafka.received_message')).toLowerCase() === 'true') return true;
  return MESSAGE_TAGS.some((key) => root.tag(key) !== undefined);
}
