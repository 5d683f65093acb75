import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { observe } from '../../support/program.ts';

const PROGRAM = join(import.meta.dirname, 'fixtures', 'responses.cjs');
const LIMIT_MS = 60_000;

interface Outcome {
  readonly results: Readonly<Record<string, unknown>>;
  /** Times that it was told of a client that was loaded before. */
  readonly late: number;
  readonly spans: readonly { readonly model: string; readonly error: boolean }[];
}

/** As much of the Responses API and of chat as the program asks for; what fails is in the model's name. */
const server = createServer((request, response) => {
  let text = '';
  request.setEncoding('utf8').on('data', (part: string) => (text += part));
  request.on('end', () => {
    const { model, stream = false } = JSON.parse(text) as { model: string; stream?: boolean };
    if (/failed/.test(model)) {
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"error":{"message":"no"}}');
      return;
    }
    const content = [{ type: 'output_text', text: 'hello', annotations: [] }];
    const output = [{ type: 'message', id: 'm', role: 'assistant', status: 'completed', content }];
    const usage = { input_tokens: 11, output_tokens: 7, total_tokens: 18 };
    const whole = { id: 'r', object: 'response', model, status: 'completed', output, usage };
    if (!stream) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(whole));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const say = (event: object): void => void response.write(`data: ${JSON.stringify(event)}\n\n`);
    if (/chat/.test(model)) {
      say({ id: 'c', model, choices: [{ index: 0, delta: { content: 'a' } }] });
      say({ id: 'c', model, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    } else {
      say({ type: 'response.created', response: whole });
      if (/midway/.test(model)) say({ error: { message: 'no more' } });
      say({ type: 'response.output_text.delta', delta: 'hello' });
      say({ type: 'response.completed', response: whole });
    }
    response.end('data: [DONE]\n\n');
  });
});
before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
after(() => {
  server.closeAllConnections();
  server.close();
});

async function run(how: string): Promise<Outcome> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const child = spawn(process.execPath, [PROGRAM, how], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], OPENAI_BASE_URL: url },
  });
  const { code, stdout, stderr } = await observe(child, LIMIT_MS).ended;
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  return JSON.parse(stdout) as Outcome;
}

const modelsOf = ({ spans }: Outcome) => spans.map(({ model }) => model);
const different = (one: Outcome, other: Outcome) =>
  Object.keys(one.results).filter(
    (name) => JSON.stringify(one.results[name]) !== JSON.stringify(other.results[name]),
  );

describe("OpenTelemetry's instrumentation of OpenAI, Responses API", { concurrency: 2 }, () => {
  it('breaks results and loses spans by itself', async () => {
    const [bare, alone] = [await run('bare'), await run('alone')];
    assert.deepEqual(different(bare, alone), ['parse', 'raw', 'stream, with response']);
    assert.deepEqual(modelsOf(alone), ['create', 'parse', 'raw', 'stream']);
  });

  it('mended, results are those of the bare run, and each call has one span with its error', async () => {
    const [bare, mended] = [await run('bare'), await run('mended')];
    assert.deepEqual(mended.results, bare.results);
    assert.equal(mended.late, 0);
    assert.deepEqual(modelsOf(mended), Object.keys(bare.results));
    assert.deepEqual(
      mended.spans.flatMap(({ model, error }) => (error ? [model] : [])),
      ['stream, thrown into', 'stream, failed', 'stream, midway'],
    );
  });

  it('mended after the client was loaded, which is told once, streams have their spans', async () => {
    const late = await run('late');
    assert.equal(late.late, 1);
    for (const name of ['stream, left', 'stream, midway', 'chat, left'])
      assert.ok(modelsOf(late).includes(name), name);
    assert.equal(new Set(modelsOf(late)).size, modelsOf(late).length);
  });
});
