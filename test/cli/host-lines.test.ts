import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UpstreamState } from '../../src/contracts/delivery.ts';
import { HostLines } from '../../src/cli/host-lines.ts';
import { warnOnce } from '../../src/selfmetrics/warnings.ts';

function linesOn(columns?: number): { lines: HostLines; take: () => string } {
  let text = '';
  const lines = new HostLines('keepspan run', {
    ...(columns === undefined ? {} : { columns }),
    write: (more) => (text += more),
  });
  return {
    lines,
    take() {
      const taken = text;
      text = '';
      return taken;
    },
  };
}

const state = (kind: UpstreamState['kind'], more: Omit<UpstreamState, 'kind'>): UpstreamState => ({
  kind,
  ...more,
});
const AGENT = 'http://agent:8126';

describe('what a host of delivery says to a person', () => {
  it('an outage once, whatever faces it has, and that it is over when it is for every kind', () => {
    const { lines, take } = linesOn();
    lines.state(state('spans', { status: 'delivering' }), AGENT);
    assert.equal(take(), '');
    lines.state(state('spans', { status: 'retrying', error: 'ECONNREFUSED' }), AGENT);
    assert.equal(
      take(),
      `! keepspan run: ${AGENT} does not answer (ECONNREFUSED); everything waits in the journal\n`,
    );
    lines.state(state('llmSpans', { status: 'retrying', error: 'ECONNRESET' }), AGENT);
    lines.state(state('spans', { status: 'retrying', httpStatus: 503 }), AGENT);
    lines.state(state('spans', { status: 'delivering' }), AGENT);
    assert.equal(take(), '');
    lines.state(state('llmSpans', { status: 'delivering' }), AGENT);
    assert.equal(take(), `✔ keepspan run: ${AGENT} takes what is sent again\n`);
  });

  it('a refusal with its fix, each status for itself, and of each upstream for itself', () => {
    const { lines, take } = linesOn();
    lines.state(state('spans', { status: 'held', httpStatus: 403 }), AGENT);
    assert.match(
      take(),
      /^✖ keepspan run: http:\/\/agent:8126 answers HTTP 403 and does not take what is sent; .*\n {4}fix {4}correct the address, or the key/,
    );
    lines.state(state('llmSpans', { status: 'held', httpStatus: 403 }), AGENT);
    assert.equal(take(), '');
    lines.state(state('llmSpans', { status: 'held', httpStatus: 404 }), AGENT);
    lines.state(state('spans', { status: 'held', httpStatus: 404 }), 'http://other');
    assert.equal(take().match(/HTTP 404/g)?.length, 2);
  });

  it('warnings as lines with what was found and the fix, folded where the terminal ends', () => {
    const { lines, take } = linesOn(60);
    const putBack = lines.takeRecords();
    try {
      warnOnce('KS-OTLP-008', { site: 'this test', receiver: 'phoenix', missing: 'x-key' });
      warnOnce('KS-DELIVERY-001', { site: 'this test', kind: 'spans' });
    } finally {
      putBack();
    }
    const text = take();
    assert.match(text, /^! KS-OTLP-008 {2}Spans wait for an OTLP receiver/);
    assert.match(text, /\n {4}found {2}receiver phoenix, missing x-key\n {4}fix {4}/);
    for (const line of text.split('\n')) assert.ok(line.length <= 60, line);
    // A refusal is said by `state`, with the upstream that it is of.
    assert.doesNotMatch(text, /KS-DELIVERY-001/);
  });
});
