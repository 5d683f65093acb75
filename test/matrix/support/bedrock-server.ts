// Speaks as much of Bedrock's runtime API as the client asks for, by HTTP/1.1. Frames are made after the specification
// (smithy.io/2.0/aws/amazon-eventstream.html).
import type { IncomingMessage, ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { tokensOf } from './openai-server.ts';

const WORDS = ['hello ', 'there ', 'friend'];

export function answerBedrock(request: IncomingMessage, response: ServerResponse): void {
  const [, model = '', action = ''] = /^\/model\/([^/]+)\/([^/?]+)/.exec(request.url ?? '') ?? [];
  const name = decodeURIComponent(model);
  const [input, output] = tokensOf(name);
  const headers = {
    'x-amzn-requestid': `r-${name}`,
    'x-amzn-bedrock-input-token-count': String(input),
    'x-amzn-bedrock-output-token-count': String(output),
  };
  const json = (status: number, value: object, more: Record<string, string> = {}): void => {
    response.writeHead(status, {
      'content-type': 'application/json',
      'x-amzn-requestid': `r-${name}`,
      ...more,
    });
    response.end(JSON.stringify(value));
  };
  if (/failed/.test(name))
    return json(500, { message: `no ${name}` }, { 'x-amzn-errortype': 'InternalServerException' });
  const usage = { inputTokens: input, outputTokens: output, totalTokens: input + output };
  const text = WORDS.join('');
  const claude = { input_tokens: input, output_tokens: output };
  if (action === 'converse') {
    const message = { role: 'assistant', content: [{ text }] };
    return json(200, { output: { message }, stopReason: 'end_turn', usage, metrics: { latencyMs: 5 } });
  }
  if (action === 'invoke') {
    const answer = { id: 'a', type: 'message', role: 'assistant', content: [{ type: 'text', text }] };
    return json(200, { ...answer, stop_reason: 'end_turn', usage: claude }, headers);
  }
  const frames =
    action === 'converse-stream'
      ? [
          frame('messageStart', { role: 'assistant' }),
          ...WORDS.map((word) => frame('contentBlockDelta', { contentBlockIndex: 0, delta: { text: word } })),
          frame('contentBlockStop', { contentBlockIndex: 0 }),
          frame('messageStop', { stopReason: 'end_turn' }),
          frame('metadata', { usage, metrics: { latencyMs: 5 } }),
        ]
      : [
          piece({
            type: 'message_start',
            message: { role: 'assistant', usage: { ...claude, output_tokens: 0 } },
          }),
          piece({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
          ...WORDS.map((word) =>
            piece({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: word } }),
          ),
          piece({ type: 'content_block_stop', index: 0 }),
          piece({
            type: 'message_delta',
            delta: { stop_reason: 'end_turn' },
            usage: { output_tokens: output },
          }),
          piece({
            type: 'message_stop',
            'amazon-bedrock-invocationMetrics': { inputTokenCount: input, outputTokenCount: output },
          }),
        ];
  response.writeHead(200, { 'content-type': 'application/vnd.amazon.eventstream', ...headers });
  response.end(Buffer.concat(frames));
}

const piece = (value: object): Buffer =>
  frame('chunk', { bytes: Buffer.from(JSON.stringify(value)).toString('base64') });

function frame(type: string, payload: object): Buffer {
  const headers = Buffer.concat([
    header(':event-type', type),
    header(':content-type', 'application/json'),
    header(':message-type', 'event'),
  ]);
  const body = Buffer.from(JSON.stringify(payload));
  const message = Buffer.alloc(16 + headers.length + body.length);
  message.writeUInt32BE(message.length, 0);
  message.writeUInt32BE(headers.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  headers.copy(message, 12);
  body.copy(message, 12 + headers.length);
  message.writeUInt32BE(crc32(message.subarray(0, message.length - 4)), message.length - 4);
  return message;
}

/** Type 7 is a text with a length of two bytes. */
function header(name: string, value: string): Buffer {
  const bytes = Buffer.from(value);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(bytes.length);
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), Buffer.from([7]), length, bytes]);
}
