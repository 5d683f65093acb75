import { type CheckContext, has, notApplicable } from './context.ts';
import type { Place } from './project/place.ts';
import { matches } from './project/project.ts';

const CALL = /\b(?:traceloop|Traceloop|tl)\.initialize\s*\(|\binitialize\s*\(/;

/** A call of OpenLLMetry's `initialize()` with the text of its argument. */
export interface InitializeCall extends Place {
  readonly argument: string;
}

/** Where the application initialises OpenLLMetry by itself. */
export function initializeCalls({ project }: CheckContext): InitializeCall[] {
  const files = project.files.filter(
    ({ kind, code }) => kind === 'source' && code.includes('@traceloop/node-server-sdk'),
  );
  return files.flatMap((file) =>
    matches(file, CALL).map((place) => ({ ...place, argument: argumentAt(file.code, place.line) })),
  );
}

/** Why a check of what an application's own `initialize()` does has nothing to look at; undefined where it has. */
export function withoutOwnCalls(context: CheckContext, calls: readonly InitializeCall[]) {
  if (!has(context, '@traceloop/node-server-sdk')) return notApplicable('OpenLLMetry is not installed');
  return calls.length === 0 ? notApplicable('OpenLLMetry is not initialised by the application') : undefined;
}

/** Those of them by which it instruments clients of providers. */
export function instrumentingProviders(calls: readonly InitializeCall[]): InitializeCall[] {
  return calls.filter(
    ({ argument }) =>
      !/instrumentModules/.test(argument) ||
      /\b(?:openAI|bedrock|anthropic|google_vertexai|google_genai)\b/.test(argument),
  );
}

/** The text of a call's argument: up to the bracket that closes it. */
function argumentAt(code: string, line: number): string {
  const rest = code
    .split('\n')
    .slice(line - 1)
    .join('\n');
  const start = rest.indexOf('(', rest.search(CALL));
  let depth = 0;
  for (let at = start; at < rest.length; at += 1) {
    if (rest[at] === '(') depth += 1;
    if (rest[at] === ')') depth -= 1;
    if (depth === 0) return rest.slice(start, at);
  }
  return rest;
}
