// Law L13 for both streams of stack dual: what is personal leaves in none, and stands in no file.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contentOf } from '../../e2e/support/files.ts';
import { createSite } from './support.ts';

const FULL = process.env['KEEPSPAN_TEST_FULL'] === '1';
const PATTERNS = '[{"name":"ticket","pattern":"TICKET-\\\\d{4}"}]';

/** Everything that arrived or waits, as text. */
async function traces(t: Parameters<typeof createSite>[0], capture: string): Promise<string> {
  const { world, journal, run } = await createSite(t);
  const { code, stderr } = await run('program.mjs', ['content'], {
    KEEPSPAN_CAPTURE_CONTENT: capture,
    KEEPSPAN_REDACT_PATTERNS: PATTERNS,
  });
  assert.equal(code, 0, stderr);
  const names = world.otlp.map(({ name }) => name);
  for (const name of ['chat m-chain', 'chat m-failed', 'wf.workflow'])
    assert.ok(names.includes(name), names.join());
  assert.ok(world.events.length >= 3);
  return world.everything() + contentOf(journal);
}

describe('content in stack dual', { concurrency: 2 }, () => {
  it('none: nothing of it leaves, in either stream', async (t) => {
    assert.doesNotMatch(await traces(t, 'none'), /SECRET-PROMPT|jo\.doe|TICKET-1|hello there/);
  });

  if (!FULL) return;

  it('redacted: texts stay, what is personal in them does not', async (t) => {
    const text = await traces(t, 'redacted');
    assert.doesNotMatch(text, /jo\.doe|TICKET-1/);
    assert.match(
      text,
      /gen_ai\.input\.messages[^]{0,200}\[REDACTED:email\], \[REDACTED:ticket\] SECRET-PROMPT/,
    );
    assert.match(text, /traceloop\.entity\.input[^]{0,200}\[REDACTED:email\]/);
    assert.match(text, /"meta":\{[^]*\[REDACTED:email\], \[REDACTED:ticket\] SECRET-PROMPT/);
  });

  it('full: the same search finds it in both (the control)', async (t) => {
    const text = await traces(t, 'full');
    assert.match(text, /gen_ai\.input\.messages[^]{0,200}jo\.doe@example\.org, TICKET-1234/);
    assert.match(text, /"meta":\{[^]*jo\.doe@example\.org/);
  });
});
