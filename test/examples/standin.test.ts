import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import OpenAI from 'openai';
import { FIELDS, type FieldQuestion } from '../../examples/extraction/service/fields.ts';
import { chatModel } from '../../examples/extraction/service/model.ts';
import { answerPrompt } from '../../examples/extraction/standin/patterns.ts';
import { createStandIn } from '../../examples/extraction/standin/server.ts';

function field(name: FieldQuestion['name']): FieldQuestion {
  const found = FIELDS.find((candidate) => candidate.name === name);
  assert.ok(found);
  return found;
}

function guess(name: FieldQuestion['name'], context: string): string | undefined {
  return answerPrompt(`Question: ${field(name).question}\n\nPassages:\n${context}`)?.value;
}

describe('the patterns of the stand-in', () => {
  it('know licences by their texts', () => {
    assert.equal(guess('license', 'Permission is hereby granted, free of charge, to any person'), 'MIT');
    assert.equal(guess('license', 'Apache License\n   Version 2.0, January 2004'), 'Apache-2.0');
    assert.equal(guess('license', 'Redistribution and use in source and binary forms'), 'BSD-2-Clause');
    assert.equal(
      guess('license', 'Redistribution and use in source ... Neither the name of'),
      'BSD-3-Clause',
    );
  });

  it('read addresses, names and versions off the passages', () => {
    assert.equal(
      guess('repository', 'see https://github.com/o/r.git, github.com/x/y'),
      'https://github.com/o/r',
    );
    assert.equal(
      guess('repository', 'github.com/x/y github.com/x/y https://github.com/o/r/issues'),
      'https://github.com/o/r',
    );
    assert.equal(guess('author', 'Copyright (c) 2012-2024 Jane Doe <j@example.org>'), 'Jane Doe');
    assert.equal(guess('author', 'COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM'), undefined);
    assert.equal(guess('node_version', 'Requires Node.js >= 18.17'), '>=18.17');
    assert.equal(guess('node_version', 'Works with Node 20 or later.'), '>=20');
    assert.equal(guess('homepage', '"homepage": "https://example.org/x"'), 'https://example.org/x');
    assert.equal(guess('homepage', 'github.com/o/r'), 'https://github.com/o/r#readme');
  });

  it('know nothing beyond the passages', () => {
    for (const { name } of FIELDS) assert.equal(guess(name, 'Pads a string.'), undefined);
    assert.equal(answerPrompt('Question: What colour?\n\nPassages:\nMIT License'), undefined);
  });
});

describe('the stand-in as an OpenAI endpoint', () => {
  const server = createStandIn({ latencyMs: 1 });
  let baseURL = '';
  before(async () => {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    baseURL = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  });
  after(() => {
    server.close();
    server.closeAllConnections();
  });

  it('answers the real client alike in one piece and streamed', async () => {
    const model = chatModel(new OpenAI({ baseURL, apiKey: 'x', maxRetries: 0 }), 'm');
    const passages = [{ source: 'license' as const, text: 'MIT License\nCopyright (c) 2020 Jane Doe' }];
    for (const name of ['license', 'author'] as const) {
      const whole = await model.ask({ ...field(name), stream: false }, passages);
      const streamed = await model.ask({ ...field(name), stream: true }, passages);
      assert.equal(whole, streamed);
      assert.equal(JSON.parse(whole).value, name === 'license' ? 'MIT' : 'Jane Doe');
    }
  });

  it('states its usage and refuses what it does not speak', async () => {
    const client = new OpenAI({ baseURL, apiKey: 'x', maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'x'.repeat(40) }];
    const completion = await client.chat.completions.create({ model: 'm', messages });
    assert.equal(completion.usage?.prompt_tokens, 10);
    assert.equal(completion.model, 'm');
    await assert.rejects(client.models.list(), { status: 404 });
    const post = (body: string) => fetch(`${baseURL}/chat/completions`, { method: 'POST', body });
    assert.equal((await post('{')).status, 400);
    assert.equal((await post('{"messages":[{"role":"user","content":[]}]}')).status, 400);
    assert.equal((await post('x'.repeat(1024 * 1024 + 1))).status, 500);
  });
});
