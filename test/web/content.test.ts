import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inline, parseMarkdown } from '../../web/src/lib/markdown.ts';
import { contentOfAttributes, contentOfEvent, isEmpty } from '../../web/src/lib/messages.ts';
import { cutBase64, marked, prettyJson } from '../../web/src/lib/text.ts';

describe('content of LLM spans', () => {
  it('messages, tools, documents and values of an event', () => {
    const event = {
      meta: {
        input: { messages: [{ role: 'user', content: 'hi' }, 'odd'] },
        output: {
          messages: [
            {
              role: 'assistant',
              content: '',
              tool_calls: [{ name: 'find', tool_id: 'c1', arguments: { q: 1 } }],
            },
            { role: 'tool', tool_results: [{ name: 'find', tool_id: 'c1', result: 'none' }] },
          ],
        },
      },
    };
    const input = contentOfEvent(event, 'input');
    assert.deepEqual(input.messages[0], { role: 'user', text: 'hi', tools: [] });
    assert.equal(input.messages[1]?.role, 'message');
    const [call, result] = contentOfEvent(event, 'output').messages;
    assert.deepEqual(call?.tools, [{ direction: 'call', name: 'find', id: 'c1', value: { q: 1 } }]);
    assert.deepEqual(result?.tools, [{ direction: 'result', name: 'find', id: 'c1', value: 'none' }]);
    const found = contentOfEvent(
      { meta: { output: { documents: [{ text: 'a', name: 'n', id: 7, score: 0.5 }] } } },
      'output',
    );
    assert.deepEqual(found.passages, [{ name: 'n', id: '7', score: 0.5, text: 'a' }]);
    assert.equal(contentOfEvent({ meta: { input: { value: 'v' } } }, 'input').value, 'v');
    for (const nothing of [null, {}, { meta: {} }, { meta: { input: {} } }]) {
      assert.ok(isEmpty(contentOfEvent(nothing, 'input')));
    }
  });

  it('attributes of today, of before, and of OpenLLMetry', () => {
    const today = contentOfAttributes(
      {
        'gen_ai.system_instructions': '[{"type":"text","content":"be brief"}]',
        'gen_ai.input.messages':
          '[{"role":"user","parts":[{"type":"text","content":"hi"},{"type":"tool_call_response","id":"c","response":"42"}]}]',
      },
      'input',
    );
    assert.deepEqual(
      today.messages.map(({ role, text, tools }) => [
        role,
        text,
        tools.map(({ direction, value }) => [direction, value]),
      ]),
      [
        ['system', 'be brief', []],
        ['user', 'hi', [['result', '42']]],
      ],
    );
    const before = contentOfAttributes(
      {
        'gen_ai.completion.0.role': 'assistant',
        'gen_ai.completion.0.content': 'yes',
        'gen_ai.completion.1.content': 'no',
      },
      'output',
    );
    assert.deepEqual(
      before.messages.map(({ role, text }) => [role, text]),
      [
        ['assistant', 'yes'],
        ['message', 'no'],
      ],
    );
    assert.deepEqual(contentOfAttributes({ 'traceloop.entity.input': '{"a":1}' }, 'input').value, { a: 1 });
    assert.equal(contentOfAttributes({ 'gen_ai.input.messages': '[broken' }, 'input').messages.length, 0);
  });

  it('long base64 is cut, and its size said', () => {
    const run = 'A'.repeat(4000);
    const cut = cutBase64(`before data:image/png;base64,${run} after`);
    assert.ok(cut.length < 160);
    assert.match(cut, /^before data:image\/png;base64,A+… \[base64, about 3,000 bytes\] after$/);
    assert.equal(cutBase64('A'.repeat(399)), 'A'.repeat(399));
    assert.equal(prettyJson('{"a":1}'), '{\n  "a": 1\n}');
    assert.equal(prettyJson('{broken'), '"{broken"');
  });

  it('what is searched for is marked, without changing the text', () => {
    assert.deepEqual(marked('abcABC', 'b'), [
      { text: 'a', hit: false },
      { text: 'b', hit: true },
      { text: 'cA', hit: false },
      { text: 'B', hit: true },
      { text: 'C', hit: false },
    ]);
    assert.deepEqual(marked('İi', 'i'), [{ text: 'İi', hit: false }], 'positions do not fit');
    for (const [text, needle] of [
      ['', 'x'],
      ['x', ''],
      ['aaa', 'aa'],
    ] as const) {
      assert.equal(
        marked(text, needle)
          .map((part) => part.text)
          .join(''),
        text,
      );
    }
  });
});

describe('Markdown', () => {
  it('becomes blocks', () => {
    const blocks = parseMarkdown('# T\n\none\ntwo\n- a\n- b\n\n1. x\n> q\n```js\nif (a) {}\n```\n---\nend');
    assert.deepEqual(
      blocks.map(({ kind }) => kind),
      ['heading', 'paragraph', 'list', 'list', 'quote', 'code', 'rule', 'paragraph'],
    );
    assert.deepEqual(blocks[5], { kind: 'code', language: 'js', text: 'if (a) {}' });
  });

  it('HTML stays text, and neither pictures nor links are live', () => {
    const [block] = parseMarkdown(
      '<img src=x onerror=alert(1)> ![p](https://evil.example/x.png) [go](javascript:alert(1))',
    );
    assert.equal(block?.kind, 'paragraph');
    assert.deepEqual(inline('![p](https://evil.example/x.png)'), [
      { kind: 'link', text: 'p', href: 'https://evil.example/x.png' },
    ]);
    assert.deepEqual(
      inline('**b** *i* `c`').map(({ kind }) => kind),
      ['strong', 'text', 'em', 'text', 'code'],
    );
  });

  it('ends, whatever it is given', () => {
    for (const text of [
      '```',
      '>',
      '- ',
      '#',
      '\n\n',
      '*'.repeat(5000),
      '['.repeat(5000),
      `${'> '.repeat(2000)}x`,
      '1.\n-',
    ]) {
      assert.ok(Array.isArray(parseMarkdown(text)), text.slice(0, 10));
    }
  });
});
