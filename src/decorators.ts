import {
  agent as wrapAgent,
  embedding as wrapEmbedding,
  llm as wrapLlm,
  retrieval as wrapRetrieval,
  task as wrapTask,
  tool as wrapTool,
  workflow as wrapWorkflow,
} from './index.ts';
import type { AnyFunction, SpanKind, SpanOptions } from './index.ts';
import { warnOnce } from './selfmetrics/warnings.ts';

/**
 * What decorates a method: a decorator of ECMAScript's proposal (TypeScript 5 and later without
 * `experimentalDecorators`). The type of the method stays.
 */
export type MethodDecorator = <This, F extends (this: This, ...args: never[]) => unknown>(
  method: F,
  context: ClassMethodDecoratorContext<This>,
) => F;

type Wrapper = <F extends AnyFunction>(nameOrOptions: string | SpanOptions, fn: F) => F;

/**
 * Makes `@workflow()` and the others of a wrapper. What is no method (a getter, a field, a class) and what the older
 * `experimentalDecorators` calls otherwise stays as it is, with one warning: wrapped, they would behave differently.
 */
function decorator(kind: SpanKind, wrap: Wrapper) {
  return (nameOrOptions?: string | SpanOptions): MethodDecorator =>
    (method, context) => {
      const found = foundKind(context);
      if (found !== 'method') {
        warnOnce('KS-SPAN-006', {
          site: `${kind} ${found} ${nameOf(context)}`,
          decorator: `@${kind}()`,
          found,
        });
        // Undefined is "leave it as it is" in both kinds of decorators.
        return found === 'legacy' ? (undefined as never) : method;
      }
      return wrap(optionsOf(nameOrOptions, nameOf(context)), method as never);
    };
}

/** An explicit name, else the method's own, which is known here even where a bundler has renamed functions. */
function optionsOf(given: string | SpanOptions | undefined, method: string): string | SpanOptions {
  if (typeof given === 'string' || given === undefined) return given || method;
  return { ...given, name: given.name || method };
}

function foundKind(context: unknown): string {
  if (typeof context !== 'object' || context === null || !('kind' in context)) return 'legacy';
  return String(context.kind);
}

/** Private names come with their `#`. */
function nameOf(context: unknown): string {
  if (typeof context !== 'object' || context === null || !('name' in context)) return String(context);
  const { name } = context;
  return typeof name === 'symbol' ? (name.description ?? 'symbol') : String(name);
}

/** `@workflow()`: each call of the method is the root of one piece of LLM work. Default name: the method's. */
export const workflow = decorator('workflow', wrapWorkflow);
/** `@task()`: each call of the method is a step that calls no outside service by itself. */
export const task = decorator('task', wrapTask);
/** `@agent()`: each call of the method is a sequence of operations that a model decides on. */
export const agent = decorator('agent', wrapAgent);
/** `@tool()`: each call of the method is a call that a model asked for. */
export const tool = decorator('tool', wrapTool);
/** `@llm()`: each call of the method is a call to a model. */
export const llm = decorator('llm', wrapLlm);
/** `@retrieval()`: each call of the method is a search that returns documents. */
export const retrieval = decorator('retrieval', wrapRetrieval);
/** `@embedding()`: each call of the method returns embeddings. */
export const embedding = decorator('embedding', wrapEmbedding);
