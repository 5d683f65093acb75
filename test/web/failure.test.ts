import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpanRowJson } from '../../src/workbench/api/types.ts';
import { failureOf } from '../../web/src/lib/failure.ts';

const span = (detail: unknown): SpanRowJson => ({ detail }) as SpanRowJson;

test('why a span failed: of either protocol, with its type, once', () => {
  for (const [made, event, said] of [
    [
      { meta: { 'error.message': 'busy', 'error.type': 'RateLimitError' } },
      undefined,
      'RateLimitError: busy',
    ],
    [{ meta: { 'error.msg': 'busy' } }, undefined, 'busy'],
    [{}, { meta: { error: { message: 'refused', type: 'Error' } } }, 'Error: refused'],
    [
      { statusMessage: 'TypeError: no', attributes: { 'error.type': 'TypeError' } },
      undefined,
      'TypeError: no',
    ],
    [
      {
        events: [
          { name: 'x' },
          { name: 'exception', attributes: { 'exception.message': 'm', 'exception.type': 'T' } },
        ],
      },
      undefined,
      'T: m',
    ],
    [{ attributes: { 'error.type': '503' } }, undefined, '503'],
    [{}, undefined, ''],
  ] as const)
    assert.equal(failureOf(span(made), event), said);
  assert.equal(failureOf(null, null), '');
});
