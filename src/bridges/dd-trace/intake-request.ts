import { EventEmitter } from 'node:events';

/** What a short-circuited request asked for. */
export interface CapturedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** What it is answered. */
export interface CapturedAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/**
 * The part of http.ClientRequest that dd-trace's exporters use (exporters/common/request.js), without a socket:
 * `end()` captures the body and answers in the same call, so that it works in an 'exit' handler too.
 */
export class IntakeRequest extends EventEmitter {
  readonly #chunks: Buffer[] = [];
  readonly #answer: (body: Buffer) => CapturedAnswer;
  readonly #onResponse: ((response: IntakeResponse) => void) | undefined;
  readonly method: string;
  readonly path: string;
  destroyed = false;
  writableEnded = false;

  constructor(
    request: { readonly method: string; readonly path: string },
    answer: (body: Buffer) => CapturedAnswer,
    onResponse: ((response: IntakeResponse) => void) | undefined,
  ) {
    super();
    this.method = request.method;
    this.path = request.path;
    this.#answer = answer;
    this.#onResponse = onResponse;
  }

  write(chunk: string | Uint8Array): boolean {
    this.#chunks.push(
      typeof chunk === 'string'
        ? Buffer.from(chunk)
        : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length),
    );
    return true;
  }

  end(chunk?: string | Uint8Array): this {
    if (this.writableEnded || this.destroyed) return this;
    if (chunk !== undefined) this.write(chunk);
    this.writableEnded = true;
    const answer = this.#answer(this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks));
    const response = new IntakeResponse(answer);
    this.#onResponse?.(response);
    this.emit('response', response);
    response.play(answer.body);
    this.emit('close');
    return this;
  }

  /** Answered at once: no timer is needed. */
  setTimeout(): this {
    return this;
  }

  setNoDelay(): void {}

  setSocketKeepAlive(): void {}

  flushHeaders(): void {}

  abort(): void {
    this.destroy();
  }

  destroy(): this {
    this.destroyed = true;
    return this;
  }
}

export class IntakeResponse extends EventEmitter {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(answer: CapturedAnswer) {
    super();
    this.statusCode = answer.statusCode;
    this.headers = answer.headers;
  }

  play(body: string): void {
    if (body !== '') this.emit('data', Buffer.from(body));
    this.emit('end');
    this.emit('close');
  }

  setTimeout(): this {
    return this;
  }

  resume(): this {
    return this;
  }

  destroy(): this {
    return this;
  }
}
