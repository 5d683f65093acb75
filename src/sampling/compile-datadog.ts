import type { NoiseClass } from './noise.ts';
import type { Policy, Rule } from './policy.ts';
import { aliasOf } from './compile-rule.ts';

/** What dd-trace's own rules can say of a policy, and what they cannot. */
export interface CompiledForDatadog {
  /** Text for `DD_TRACE_SAMPLING_RULES` of a process without Keepspan. */
  readonly rules: readonly Readonly<Record<string, unknown>>[];
  readonly refused: readonly { readonly rule: string; readonly why: string }[];
}

const NO_PROTECTION =
  'dd-trace decides on the root when a request leaves, before it knows of LLM spans and errors below';

/** Classes in dd-trace's terms. Others cannot be said, for the reason given. */
const CLASSES: Readonly<Record<NoiseClass, readonly Readonly<Record<string, unknown>>[] | string>> = {
  'poll:kafka': `on Node a kafka.consume span is a message, not a poll: ${NO_PROTECTION}`,
  // Set when the request starts; the resource is set on the response, after the decision.
  'poll:sqs': [{ name: 'aws.request', tags: { 'aws.operation': 'receiveMessage' } }],
  'poll:*': `it takes in kafka.consume spans, which are messages: ${NO_PROTECTION}`,
  health: ['*/health', '*/healthz', '*/health/*', '*/livez', '*/readyz'].map((url) => ({
    tags: { 'span.kind': 'server', 'http.url': url },
  })),
  transport: ['tcp.connect', 'dns.lookup'].map((name) => ({ name })),
};

/**
 * Compiles a policy to rules that dd-trace 6 can carry out by itself. What it cannot express is refused with the
 * reason, not approximated.
 */
export function compileForDatadog({ rules }: Policy): CompiledForDatadog {
  const compiled: Readonly<Record<string, unknown>>[] = [];
  const refused: { rule: string; why: string }[] = [];
  for (const rule of rules) {
    const result = compileOne(rule);
    if (typeof result === 'string') refused.push({ rule: rule.id, why: result });
    else compiled.push(...result);
  }
  return { rules: compiled, refused };
}

function compileOne(rule: Rule): readonly Readonly<Record<string, unknown>>[] | string {
  const noise = rule.noise ?? (rule.resource === undefined ? undefined : aliasOf(rule.resource));
  const fromClass = noise === undefined ? [{}] : CLASSES[noise];
  if (typeof fromClass === 'string') return fromClass;
  const byTag = Object.keys(rule.tags ?? {}).find((key) => key.includes('_'));
  // dd-trace 6 turns the keys of tags to camel case: `tenant_id` asks for the tag `tenantId`.
  if (byTag !== undefined) return `dd-trace 6 never matches a tag whose key has an underscore: ${byTag}`;
  const own = ownSubjects(rule, noise !== undefined && rule.noise === undefined);
  if (typeof own === 'string') return own;
  const limits = {
    sample_rate: rule.sampleRate,
    ...(rule.maxPerSecond === undefined ? {} : { max_per_second: rule.maxPerSecond }),
  };
  return fromClass.map((base) => ({ ...base, ...own, ...tagsOf(base, own), ...limits }));
}

/** Subjects of the rule itself; without the resource when that was an alias of a class. */
function ownSubjects(rule: Rule, aliased: boolean): Readonly<Record<string, unknown>> | string {
  const { service, name, resource, tags } = rule;
  const subjects: Record<string, unknown> = {
    ...(service === undefined ? {} : { service }),
    ...(name === undefined ? {} : { name }),
    ...(tags === undefined ? {} : { tags }),
  };
  if (resource === undefined || aliased) return subjects;
  const [, method, path] = /^(\*|[A-Za-z]+) (\/.*)$/.exec(resource) ?? [];
  if (method === undefined || path === undefined) return { ...subjects, resource };
  // A plain http server has the resource `GET`; url and method are set when the request starts.
  const request = {
    'http.url': `*://*${path}`,
    ...(method === '*' ? {} : { 'http.method': method.toUpperCase() }),
  };
  return { ...subjects, tags: { ...tags, ...request } };
}

function tagsOf(
  base: Readonly<Record<string, unknown>>,
  own: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const tags = { ...(base['tags'] as object | undefined), ...(own['tags'] as object | undefined) };
  return Object.keys(tags).length === 0 ? {} : { tags };
}
