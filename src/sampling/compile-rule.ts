import type { RootFacts } from '../contracts/sampling.ts';
import { compileGlob, type Glob } from './glob.ts';
import {
  hasPath,
  isPollClass,
  isServerRequest,
  noiseMatcher,
  RESOURCE_ALIASES,
  requestMethod,
} from './noise.ts';
import type { Rule } from './policy.ts';

/** A rule, ready to be asked. */
export interface CompiledRule {
  readonly rule: Rule;
  readonly matches: (root: RootFacts) => boolean;
  /** It means polls: a poll that returned messages is spared. */
  readonly sparesMessages: boolean;
}

/** `GET /health`, `* /internal/*`: a method and a path, on whatever framework. */
const METHOD_AND_PATH = /^(\*|[A-Za-z]+) (\/.*)$/;

/** Compiles a rule: aliases become their class, `GET /path` the path on every framework. */
export function compileRule(rule: Rule): CompiledRule {
  const tests: ((root: RootFacts) => boolean)[] = [];
  let sparesMessages = false;
  if (rule.noise !== undefined) {
    tests.push(noiseMatcher(rule.noise));
    sparesMessages = isPollClass(rule.noise);
  }
  if (rule.name !== undefined) tests.push(subject(rule.name, (root) => root.name));
  if (rule.service !== undefined) tests.push(subject(rule.service, (root) => root.service));
  for (const [key, pattern] of Object.entries(rule.tags ?? {})) tests.push(tagTest(key, pattern));
  if (rule.resource !== undefined) {
    const alias = aliasOf(rule.resource);
    if (alias !== undefined) sparesMessages = true;
    tests.push(resourceTest(rule.resource));
  }
  return { rule, sparesMessages, matches: (root) => tests.every((test) => test(root)) };
}

/** The class that a resource means, where it is one of the requirement's own names. */
export function aliasOf(resource: string) {
  const lower = resource.toLowerCase();
  return Object.hasOwn(RESOURCE_ALIASES, lower) ? RESOURCE_ALIASES[lower] : undefined;
}

function resourceTest(resource: string): (root: RootFacts) => boolean {
  const literal = subject(resource, (root) => root.resource);
  const alias = aliasOf(resource);
  if (alias !== undefined) {
    const matchesClass = noiseMatcher(alias);
    return (root) => matchesClass(root) || literal(root);
  }
  const [, method, path] = METHOD_AND_PATH.exec(resource) ?? [];
  if (method === undefined || path === undefined) return literal;
  const paths = [compileGlob(path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path)];
  const wanted = method.toUpperCase();
  return (root) =>
    (isServerRequest(root) && (wanted === '*' || requestMethod(root) === wanted) && hasPath(root, paths)) ||
    literal(root);
}

function subject(pattern: string, read: (root: RootFacts) => string): (root: RootFacts) => boolean {
  const glob: Glob = compileGlob(pattern);
  return (root) => {
    const value = read(root);
    // A missing subject matches no pattern but `*`, as in dd-trace.
    return value === '' ? /^\*+$/.test(pattern) : glob(value);
  };
}

function tagTest(key: string, pattern: string): (root: RootFacts) => boolean {
  const glob = compileGlob(pattern);
  const anything = /^\*+$/.test(pattern);
  return (root) => {
    const value = root.tag(key);
    return value === undefined ? anything : glob(String(value));
  };
}
