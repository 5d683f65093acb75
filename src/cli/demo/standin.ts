import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What is asked of the stand-in. */
export interface Question {
  readonly field: string;
  readonly passages: readonly string[];
}

/** What it answers; tokens by the usual four characters each, for it has no tokenizer. */
export interface Answer {
  readonly value: string | null;
  readonly confidence: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export interface StandIn {
  readonly url: string;
  /** Polls of the queue that is always empty. */
  readonly polls: () => number;
  close(): void;
}

const MAX_BODY_BYTES = 1 << 20;
const LATENCY_MS = 15;
const CHARACTERS_PER_TOKEN = 4;

const PATTERNS: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  license: [
    [/\bMIT\b/, 'MIT'],
    [/Apache License,?\s+Version 2/i, 'Apache-2.0'],
    [/\bISC\b/, 'ISC'],
    [/Redistributions? (?:in|of) [\s\S]*neither the name/i, 'BSD-3-Clause'],
    [/Redistribution and use/i, 'BSD-2-Clause'],
  ],
  repository: [[/github\.com[/:]([\w.-]+\/[\w-]+)/i, 'https://github.com/$1']],
};

/** A model without a model, by patterns, and an empty queue, on a free loopback port. */
export async function startStandIn(): Promise<StandIn> {
  let polls = 0;
  const server = createServer((request, response) => {
    if (request.url?.startsWith('/queues/') === true) {
      polls += 1;
      response.writeHead(204).end();
      return;
    }
    answer(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else response.writeHead(400).end(String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    polls: () => polls,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  request.setEncoding('utf8');
  for await (const part of request as AsyncIterable<string>) {
    body += part;
    if (body.length > MAX_BODY_BYTES) throw new RangeError('the question is larger than 1 MiB');
  }
  const { field, passages } = JSON.parse(body) as Question;
  await pause(LATENCY_MS);
  const value = guess(field, passages.join('\n'));
  const written: Answer = {
    value,
    confidence: value === null ? 0 : 0.8,
    inputTokens: Math.ceil(body.length / CHARACTERS_PER_TOKEN),
    outputTokens: Math.ceil((value ?? 'null').length / CHARACTERS_PER_TOKEN),
  };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(written));
}

function guess(field: string, text: string): string | null {
  for (const [pattern, value] of PATTERNS[field] ?? []) {
    const found = pattern.exec(text);
    if (found !== null) return value.replace('$1', (found[1] ?? '').replace(/\.git$/, ''));
  }
  return null;
}
