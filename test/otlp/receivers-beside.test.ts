import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { journalsIn } from '../../src/pipeline/journals.ts';
import { createReceiverLookup } from '../../src/pipeline/otlp/known-receivers.ts';
import { readReceiver, writeReceiver } from '../../src/pipeline/otlp/receiver-file.ts';
import { MAX_RECEIVERS, ReceiversBeside } from '../../src/pipeline/otlp/receivers-beside.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { parseReceiverHeaders } from '../../src/settings/receiver-headers.ts';
import type { SettingsOptions } from '../../src/settings/table.ts';
import type { OtlpTarget } from '../../src/wire/otlp/encode.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'keepspan-receivers-'));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

const target = (base: string, headers: Record<string, string> = {}): OtlpTarget => ({
  tracesUrl: `${base}/v1/traces`,
  logsUrl: `${base}/v1/logs`,
  headers,
  compression: 'none',
});

/** A journal as a process leaves it that named this receiver. */
function journalOf(root: string, name: string, receiver?: OtlpTarget): string {
  const path = join(root, 'otlp', name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'FORMAT'), 'keepspan-journal 1\n');
  if (receiver !== undefined) writeReceiver(path, receiver);
  return path;
}

const settingsOf = (options: SettingsOptions) => loadSettings({ options }).settings;

describe('the journals of a directory', () => {
  it("its own, then those of receivers by name; of a receiver's folder itself that one alone", (t) => {
    const root = folder(t);
    assert.deepEqual(journalsIn(root), []);
    const b = journalOf(root, 'b', target('http://b'));
    const a = journalOf(root, 'a');
    mkdirSync(join(root, 'otlp', 'no-journal'));
    assert.deepEqual(journalsIn(root), [
      { directory: a, receiver: 'a' },
      { directory: b, receiver: 'b' },
    ]);
    writeFileSync(join(root, 'FORMAT'), 'keepspan-journal 1\n');
    assert.deepEqual(journalsIn(root)[0], { directory: root, receiver: undefined });
    assert.deepEqual(journalsIn(b), [{ directory: b, receiver: 'b' }]);
  });
});

describe('what a journal says of its receiver', () => {
  it('addresses and names of headers, and nothing secret', (t) => {
    const path = journalOf(folder(t), 'x', {
      ...target('https://user:password@host.example', { 'X-Key': 'the-secret', b: '1' }),
      tracesUrl: 'https://user:password@host.example/v1/traces?key=in-the-query',
    });
    assert.doesNotMatch(
      readFileSync(join(path, 'receiver.json'), 'utf8'),
      /password|the-secret|in-the-query/,
    );
    assert.deepEqual(readReceiver(path), {
      tracesUrl: 'https://host.example/v1/traces',
      logsUrl: 'https://host.example/v1/logs',
      compression: 'none',
      headers: ['b', 'x-key'],
      credentials: true,
    });
    for (const torn of ['', '{"tracesUrl":"https://ho', 'null', '{"tracesUrl":"x"}']) {
      writeFileSync(join(path, 'receiver.json'), torn);
      assert.equal(readReceiver(path), undefined, torn);
    }
  });
});

describe('where the records of a receiver go', () => {
  const asked = (
    t: TestContext,
    { options = {}, name = 'x', written }: { options?: SettingsOptions; name?: string; written?: OtlpTarget },
  ) => createReceiverLookup(settingsOf(options))(name, journalOf(folder(t), name, written));

  it('as its process wrote it down, where it needs no headers', (t) => {
    assert.deepEqual(asked(t, { written: target('http://a:1') }), {
      target: target('http://a:1'),
      shown: 'http://a:1/v1/traces',
    });
  });

  it('nowhere where nothing is known, or headers are missing, or the address was not all', (t) => {
    assert.deepEqual(asked(t, {}), { target: undefined, missing: ['its address'] });
    assert.deepEqual(asked(t, { written: target('http://a:1', { 'X-Key': 'k' }) }), {
      target: undefined,
      missing: ['x-key'],
    });
    assert.deepEqual(asked(t, { written: target('http://u:p@a:1') }), {
      target: undefined,
      missing: ['its address'],
    });
  });

  it('with headers that were given for it by name', (t) => {
    const options = { otlpReceiverHeaders: 'y:x-key=wrong;x:x-key=right' };
    const known = asked(t, { options, written: target('http://a:1', { 'X-Key': 'k' }) });
    assert.deepEqual(known.target?.headers, { 'x-key': 'right' });
  });

  it('to the receiver of the settings, by its name or its address, with its headers', (t) => {
    const options = { otlpEndpoint: 'http://a:1', otlpHeaders: 'x-key=of-the-settings' };
    const wanted = target('http://a:1', { 'x-key': 'of-the-settings' });
    assert.deepEqual(asked(t, { options, name: 'a-1' }).target, wanted);
    const written = target('http://a:1', { 'X-Key': 'k' });
    assert.deepEqual(asked(t, { options, written }).target, wanted);
    // A header of the settings goes to the address of the settings alone.
    assert.equal(asked(t, { options, written: target('http://b:1', { 'X-Key': 'k' }) }).target, undefined);
  });

  it('the framework stream goes where the settings say today', (t) => {
    const options = { traceloopBaseUrl: 'http://new:1', traceloopHeaders: 'x-key=1' };
    const written = target('http://old:1', { 'X-Key': 'k' });
    assert.deepEqual(
      asked(t, { options, name: 'frameworks', written }).target,
      target('http://new:1', { 'x-key': '1' }),
    );
  });
});

describe('headers of receivers', () => {
  it('by name, percent-encoded, and what is none is left out', () => {
    assert.deepEqual(
      [...parseReceiverHeaders(' a: k=1%2C2 , l=x=y ; ;b:m=100%;c;d:nothing')],
      [
        ['a', { k: '1,2', l: 'x=y' }],
        ['b', { m: '100%' }],
        ['d', {}],
      ],
    );
    assert.equal(parseReceiverHeaders(undefined).size, 0);
  });
});

describe('delivery to many receivers', () => {
  it(`${MAX_RECEIVERS} at a time; the next has its turn when one has nothing left`, async (t) => {
    const root = folder(t);
    for (let i = 0; i <= MAX_RECEIVERS; i++) {
      const path = journalOf(root, `r-${String(i).padStart(2, '0')}`, target('http://127.0.0.1:1'));
      mkdirSync(join(path, 'w-1'));
      // Of nobody that lives.
      writeFileSync(join(path, 'w-1', 'owner.json'), '{}');
    }
    const receivers = new ReceiversBeside({
      directory: root,
      settings: settingsOf({}),
      send: () => Promise.reject(new Error('there is nothing to send')),
      key: undefined,
      maxAgeMs: 1000,
      doorbell: { rings: () => 0, rung: () => new Promise(() => undefined) },
      onState: () => undefined,
      onUnknown: () => assert.fail(),
      onError: (error) => assert.fail(String(error)),
    });
    t.after(() => receivers.stop());
    const taken = () =>
      journalsIn(root).filter(({ directory }) => {
        const writer = join(directory, 'w-1');
        return readdirSync(directory).includes('w-1')
          ? readdirSync(writer).some((name) => name.startsWith('deliverer-'))
          : true;
      }).length;
    await receivers.sweep();
    assert.equal(taken(), MAX_RECEIVERS);
    for (let sweeps = 0; taken() <= MAX_RECEIVERS; sweeps++) {
      assert.ok(sweeps < 5, 'the last one never had its turn');
      await receivers.sweep();
    }
  });
});
