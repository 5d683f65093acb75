import type { Answer, ApiPromise, Create } from './shapes.ts';

/**
 * A method of the client whose answers may be read by the instrumentation and by the application: `.parse()` derives a
 * promise that would read the body a second time, and who asks for the raw response finds it read.
 */
export function readTwice(original: Create): Create {
  return function (...args) {
    const result = original.apply(this, args);
    if (isApiPromise(result)) shareAnswer(result, isStreaming(args));
    return result;
  };
}

export function isStreaming([options]: readonly unknown[]): boolean {
  return (options as { stream?: unknown } | null | undefined)?.stream === true;
}

function shareAnswer(promise: ApiPromise, streaming: boolean): void {
  const { parseResponse, asResponse } = promise;
  const read = new WeakMap<Answer, unknown>();
  let wantsRaw = false;
  promise.parseResponse = (...args) => {
    // The last of them; openai 5 and later give the client first.
    const answer = args.at(-1);
    if (!isAnswer(answer)) return parseResponse(...args);
    if (!read.has(answer)) {
      // A stream is not read by being parsed, and a copy of it would be kept in memory.
      const given = wantsRaw && !streaming ? withCopy(answer) : answer;
      read.set(answer, parseResponse(...args.slice(0, -1), given));
    }
    return read.get(answer);
  };
  promise.asResponse = () => {
    wantsRaw = true;
    return asResponse.call(promise);
  };
}

function withCopy(answer: Answer): Answer {
  const { response } = answer;
  return response instanceof Response && !response.bodyUsed
    ? { ...answer, response: response.clone() }
    : answer;
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && 'response' in value;
}

export function isApiPromise(value: unknown): value is ApiPromise {
  const { parseResponse, asResponse } = (value ?? {}) as Partial<ApiPromise>;
  return typeof parseResponse === 'function' && typeof asResponse === 'function';
}
