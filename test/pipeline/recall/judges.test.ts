import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { RunningSpan, SpanBackend } from '../../../src/contracts/spans.ts';
import { MainJudges } from '../../../src/pipeline/recall/judges.ts';

const CONFIG = { kind: 'openai', baseUrl: 'http://127.0.0.1:9/v1', model: 'm' } as const;

/** Every span has the next number for its id. */
function judges() {
  let spans = 0;
  const span: RunningSpan = { end: () => undefined, annotate: () => undefined, run: (fn) => fn() };
  const backend: SpanBackend = {
    captureContent: true,
    start: (_kind, _name, _options, body) => {
      spans += 1;
      return body(span);
    },
    annotate: () => undefined,
    exportSpan: () => ({ traceId: 'f'.repeat(32), spanId: String(spans) }),
  };
  return new MainJudges({ current: backend }, (_code, error) => assert.fail(String(error)));
}

describe('the spans of judge calls', () => {
  it('are remembered by call, 2,000 of them; the one that was used longest ago goes first', () => {
    const known = judges();
    for (let call = 1; call <= 2000; call += 1) known.began(call, CONFIG);
    assert.equal(known.spanOf(1)?.spanId, '1');
    known.began(2001, CONFIG);
    assert.equal(known.spanOf(2), undefined);
    assert.deepEqual(
      [1, 3, 2001].map((call) => known.spanOf(call)?.spanId),
      ['1', '3', '2001'],
    );
    assert.equal(known.spanOf(2002), undefined);
  });

  it('are forgotten with the thread, whose successor counts from one again', () => {
    const known = judges();
    known.began(1, CONFIG);
    known.forget();
    assert.equal(known.spanOf(1), undefined);
  });
});
