import assert from 'node:assert/strict';
import { createDecipheriv, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseJournalKey, RecordCipher, SEAL_BYTES } from '../../src/journal/cipher.ts';
import { segmentFile } from '../../src/journal/directory.ts';
import { Flag, HEADER_BYTES, MAX_BODY_BYTES } from '../../src/journal/format.ts';
import { readRecords } from '../../src/journal/reader.ts';
import { MIB, readStream, tempDir, writerIn } from './support.ts';

const key = Buffer.from('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f', 'hex');

test('a key is 64 hexadecimal digits or base64 of 32 bytes, and nothing else', () => {
  for (const text of [
    key.toString('hex'),
    key.toString('hex').toUpperCase(),
    key.toString('base64'),
    key.toString('base64url'),
    ` ${key.toString('base64')}\n`,
  ]) {
    assert.deepEqual(parseJournalKey(text), key, text);
  }
  for (const text of [
    '',
    'secret',
    key.toString('hex').slice(1),
    `${key.toString('hex')}0`,
    randomBytes(31).toString('base64'),
    randomBytes(33).toString('base64'),
    '!'.repeat(44),
  ]) {
    assert.equal(parseJournalKey(text), undefined, text);
  }
});

test('L13: with a key no byte of preamble or body lies on disk in plain text, and the header is authenticated', (t) => {
  const writer = writerIn(tempDir(t), { key });
  writer.append('llmSpans', 'a very secret prompt', 2, Flag.experiments, '{"also":"secret"}');
  writer.append('llmSpans', 'a very secret prompt', 2, Flag.experiments, '{"also":"secret"}');
  const bytes = readFileSync(segmentFile(writer.path, { kind: 'llmSpans', number: 1 }));
  assert.equal(bytes.includes('secret'), false);
  const length = HEADER_BYTES + 17 + 20 + 28;
  assert.equal(bytes.length, 2 * length);
  assert.notDeepEqual(
    bytes.subarray(HEADER_BYTES, HEADER_BYTES + 12),
    bytes.subarray(length + HEADER_BYTES, length + HEADER_BYTES + 12),
    'nonces differ',
  );
  // Opened by hand, from the description in ADR 2.
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(40, 52));
  decipher.setAAD(bytes.subarray(8, 40));
  decipher.setAuthTag(bytes.subarray(length - 16, length));
  assert.equal(
    Buffer.concat([decipher.update(bytes.subarray(52, length - 16)), decipher.final()]).toString(),
    '{"also":"secret"}a very secret prompt',
  );
  assert.equal(bytes[13], 128 | Flag.experiments);
  assert.equal(bytes.readUInt16LE(14), 17, 'the preamble is counted as plain text');
  writer.close();
});

test('L13: another key, or a header that was changed, does not open a record', (t) => {
  const writer = writerIn(tempDir(t), { key });
  writer.append('spans', 'text', 1);
  const { headerBytes, body } = readStream(writer.path, 'spans')[0]!;
  const cipher = new RecordCipher(key);
  assert.equal(cipher.open(headerBytes, body)?.toString(), 'text');
  assert.equal(new RecordCipher(randomBytes(32)).open(headerBytes, body), undefined);
  const forged = Buffer.from(headerBytes);
  forged[16] = 9;
  assert.equal(cipher.open(forged, body), undefined);
  assert.equal(cipher.open(headerBytes, body.subarray(0, SEAL_BYTES - 1)), undefined);
  writer.close();
});

test('sealed bodies of 0, 1, 64 KiB, 5 MiB and the limit open again; one byte more is too large', (t) => {
  const writer = writerIn(tempDir(t), { key, maxBytes: 512 * MIB });
  const cipher = new RecordCipher(key);
  const sizes = [0, 1, 64 * 1024, 5 * MIB, MAX_BODY_BYTES - SEAL_BYTES];
  for (const size of sizes) assert.equal(writer.append('spans', new Uint8Array(size).fill(7), 1), 'ok');
  assert.equal(writer.append('spans', new Uint8Array(sizes.at(-1)! + 1), 1), 'too_large');
  assert.deepEqual(
    readStream(writer.path, 'spans').map(({ headerBytes, body }) => cipher.open(headerBytes, body)?.length),
    sizes,
  );
  writer.close();
});

test('damage of a sealed record is counted without the key', (t) => {
  const writer = writerIn(tempDir(t), { key });
  for (const count of [1, 5, 1]) writer.append('spans', 'abc', count);
  const file = segmentFile(writer.path, { kind: 'spans', number: 1 });
  const bytes = readFileSync(file);
  const { records } = readRecords(file, 0, MIB);
  assert.equal(records[2]!.header.before, 6);
  assert.equal(bytes.length, 3 * (HEADER_BYTES + SEAL_BYTES + 3));
  writer.close();
});
