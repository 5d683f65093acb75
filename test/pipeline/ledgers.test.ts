import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SignalKind } from '../../src/contracts/signal.ts';
import { openDirectory } from '../../src/journal/directory.ts';
import { OTLP_FOLDER } from '../../src/pipeline/journals.ts';
import { readLedgers } from '../../src/pipeline/ledger-view.ts';
import { tempDir, writerIn } from '../journal/support.ts';

function writeSome(directory: string, kind: SignalKind, signals: number): void {
  const writer = writerIn(openDirectory(directory));
  writer.page.add(kind, 'created', signals);
  assert.equal(writer.append(kind, 'x', signals), 'ok');
  writer.page.write();
}

test('the ledger of a directory is the sum over its own journal and those of its OTLP receivers', (t) => {
  const directory = tempDir(t);
  writeSome(join(directory, OTLP_FOLDER, 'collector'), 'llmSpans', 5);
  const alone = readLedgers(directory);
  assert.equal(alone.ledger.llmSpans.pending, 5, 'stack otlp has no journal beside its receivers’');
  writeSome(directory, 'llmSpans', 2);
  writeSome(join(directory, OTLP_FOLDER, 'phoenix'), 'spans', 3);
  const { ledger, writers } = readLedgers(directory);
  assert.deepEqual([ledger.llmSpans.pending, ledger.spans.pending, writers.length], [7, 3, 3]);
});

test('the ledger of a directory that is not there is an error', (t) => {
  assert.throws(() => readLedgers(join(tempDir(t), 'nowhere')), /ENOENT/);
});
