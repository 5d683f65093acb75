// A writer that cannot be looked up stands still for longer than its lease, is taken for dead, and goes on.
import assert from 'node:assert/strict';
import { readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { SignalKind } from '../../src/contracts/signal.ts';
import { claimDelivery, ownerState } from '../../src/journal/claim.ts';
import { readHistory } from '../../src/journal/history.ts';
import { LEASE_MS, ownIdentity } from '../../src/journal/identity.ts';
import { LastingWriter } from '../../src/journal/lasting-writer.ts';
import { isSealed, readSeal } from '../../src/journal/seal.ts';
import { sealWriter } from '../../src/journal/sealing.ts';
import { JournalWriter } from '../../src/journal/writer.ts';
import { LAST_WORD_MS, type Deliverer } from '../../src/pipeline/deliverer.ts';
import { readJournalLedger } from '../../src/pipeline/ledger-view.ts';
import { purge } from '../../src/pipeline/inspect/purge.ts';
import {
  errno,
  FakeClock,
  FaultyDisk,
  json,
  MIB,
  readStream,
  tempDir,
  textOf,
  until,
} from '../journal/support.ts';
import { deliverer, endOwner, Upstream } from './support.ts';

const STANDSTILL_MS = LEASE_MS + 10_000;

interface Standing {
  readonly directory: string;
  readonly clock: FakeClock;
  readonly disk: FaultyDisk;
  readonly writer: LastingWriter;
  readonly moves: boolean[];
  readonly upstream: Upstream;
  /** No folder can be made. */
  refuses: boolean;
  take(name: string): void;
}

/** A writer whose process table nobody here can see. */
function standing(t: TestContext): Standing {
  const directory = tempDir(t);
  const clock = new FakeClock();
  const disk = new FaultyDisk();
  const moves: boolean[] = [];
  const owner = { service: 'test', delivery: 'none' };
  const writer = new LastingWriter({
    clock,
    open(page, settled) {
      if (here.refuses) throw errno('EROFS');
      return new JournalWriter({
        directory,
        owner,
        maxBytes: 64 * MIB,
        sync: false,
        clock,
        disk,
        page,
        settled,
      });
    },
    onMove: ({ path }, taken) => {
      moves.push(taken);
      const file = join(path, 'owner.json');
      writeFileSync(file, JSON.stringify({ ...json(file), pidNamespace: 'pid:[1]' }));
    },
  });
  const here: Standing = {
    ...{ directory, clock, disk, writer, moves, refuses: false, upstream: new Upstream() },
    take(name) {
      writer.page.add('spans', 'created');
      assert.equal(writer.append('spans', name, 1), 'ok');
      writer.page.write();
    },
  };
  assert.equal(writer.renew(), true);
  t.after(() => writer.close());
  return here;
}

/** Time passes for everybody; nobody renews. */
function standStill({ writer, clock }: Standing): void {
  clock.ms += STANDSTILL_MS;
  const old = new Date(Date.now() - STANDSTILL_MS);
  utimesSync(join(writer.path!, 'owner.json'), old, old);
}

async function sweepUntil(what: string, one: Deliverer, condition: () => boolean): Promise<void> {
  let busy = false;
  await until(what, () => {
    if (!busy) {
      busy = true;
      void one.sweep().then(() => (busy = false));
    }
    return condition();
  });
  await until('the last sweep is over', () => !busy);
}

/** The process is gone for everybody to see. */
function bury(path: string): void {
  const file = join(path, 'owner.json');
  writeFileSync(file, JSON.stringify({ ...json(file), pidNamespace: ownIdentity().pidNamespace }));
  endOwner(path);
}

const folders = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name.startsWith('w-'));

/** Delivers until all folders are gone, the writer's process being dead for good. */
async function settle(t: TestContext, { directory, writer, upstream }: Standing): Promise<void> {
  bury(writer.path!);
  const one = deliverer(directory, upstream);
  t.after(() => one.stop());
  await sweepUntil('all is delivered', one, () => folders(directory).length === 0);
}

const kindOf = (directory: string, kind: SignalKind = 'spans') => {
  const { created, delivered, lost, unaccounted, pending } = readJournalLedger(directory, 'node').ledger[
    kind
  ];
  return { created, delivered, killed: lost['killed'] ?? 0, unaccounted, pending };
};

test('L1, L2: a writer that was taken for dead goes on in another folder; every signal is counted once', async (t) => {
  const here = standing(t);
  const { directory, upstream, writer, moves, take } = here;
  for (const name of ['a', 'b']) take(name);
  writer.page.add('spans', 'created', 2); // Finished, and journaled after the standstill.
  writer.page.add('spans', 'dropped.invalid', 1);
  writer.page.add('spans', 'created', 1);
  writer.page.write();
  const first = writer.path!;
  standStill(here);
  const one = deliverer(directory, upstream);
  await sweepUntil('it is gone', one, () => folders(directory).length === 0);
  await one.stop();
  assert.deepEqual(kindOf(directory), { created: 5, delivered: 2, killed: 2, unaccounted: 0, pending: 0 });
  assert.equal(writer.append('spans', 'c', 1), 'ok');
  assert.equal(writer.append('spans', 'd', 1), 'ok');
  take('e');
  assert.notEqual(writer.path, first);
  assert.deepEqual(moves, [false, true]);
  assert.equal(writer.page.values().spans.created, 3, 'as the process itself counts them');
  assert.deepEqual(kindOf(directory), { created: 6, delivered: 2, killed: 0, unaccounted: 0, pending: 3 });
  await settle(t, here);
  assert.deepEqual(upstream.lines, ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual(kindOf(directory), { created: 6, delivered: 5, killed: 0, unaccounted: 0, pending: 0 });
});

test('L1: it happens to one writer again and again', async (t) => {
  const here = standing(t);
  const { directory, upstream, writer, take } = here;
  for (let i = 0; i < 4; i++) {
    writer.page.add('spans', 'created'); // One more in transit each time.
    take(`r${i}`);
    standStill(here);
    const one = deliverer(directory, upstream);
    await sweepUntil('it is gone', one, () => folders(directory).length === 0);
    await one.stop();
  }
  for (let i = 0; i < 3; i++) assert.equal(writer.append('spans', `late${i}`, 1), 'ok');
  writer.page.write();
  await settle(t, here);
  assert.deepEqual(kindOf(directory), { created: 8, delivered: 7, killed: 1, unaccounted: 0, pending: 0 });
});

test('L1: taken over and not yet delivered: the folder that was sealed counts as it was, the new one goes on', (t) => {
  const here = standing(t);
  const { directory, writer, take } = here;
  take('a');
  writer.page.add('spans', 'created');
  writer.page.write();
  const first = writer.path!;
  standStill(here);
  assert.equal(ownerState(first), 'expired');
  assert.equal(claimDelivery(first, 'x'), true);
  assert.equal(
    sealWriter(first, () => true),
    true,
  );
  assert.equal(ownerState(first), 'dead');
  assert.deepEqual(kindOf(directory), { created: 2, delivered: 0, killed: 1, unaccounted: 0, pending: 1 });
  assert.equal(writer.append('spans', 'b', 1), 'ok');
  writer.page.write();
  assert.equal(folders(directory).length, 2);
  assert.deepEqual(kindOf(directory), { created: 2, delivered: 0, killed: 0, unaccounted: 0, pending: 2 });
});

for (const when of ['before', 'after'] as const) {
  test(`L1, L2: it stood still in the middle of a write, and was sealed ${when} the record was whole`, async (t) => {
    const here = standing(t);
    const { directory, upstream, writer, disk, take } = here;
    take('a');
    const first = writer.path!;
    const write = disk.write.bind(disk);
    const seal = (): void => {
      disk.write = write;
      standStill(here);
      assert.equal(
        sealWriter(first, () => ownerState(first) === 'expired'),
        true,
      );
    };
    disk.write = (...args) => {
      if (when === 'before') seal();
      const taken = write(...args);
      if (when === 'after') seal();
      return taken;
    };
    take('b');
    assert.notEqual(writer.path, first);
    assert.equal(readSeal(first)?.ends.spans.signals, when === 'before' ? 1 : 2);
    take('c');
    bury(first);
    await settle(t, here);
    assert.deepEqual(upstream.lines.toSorted(), ['a', 'b', 'c']);
    assert.deepEqual(kindOf(directory), { created: 3, delivered: 3, killed: 0, unaccounted: 0, pending: 0 });
  });
}

test('a writer that renews its lease after the announcement keeps its folder', (t) => {
  const here = standing(t);
  const { writer, take } = here;
  take('a');
  const path = writer.path!;
  standStill(here);
  assert.equal(
    sealWriter(path, () => {
      utimesSync(join(path, 'owner.json'), new Date(), new Date()); // It comes back right now.
      return ownerState(path) === 'expired';
    }),
    false,
  );
  assert.equal(isSealed(path), false);
  take('b');
  assert.equal(writer.path, path);
});

test('L1: a writer that sees the announcement decides itself where its folder ends', async (t) => {
  const here = standing(t);
  const { directory, upstream, writer, take } = here;
  for (const name of ['a', 'b']) take(name);
  const first = writer.path!;
  standStill(here);
  sealWriter(first, () => {
    take('c'); // While it is being asked whether it ended.
    return true;
  });
  assert.notEqual(writer.path, first);
  assert.equal(readSeal(first)?.ends.spans.signals, 2);
  await settle(t, here);
  assert.deepEqual(upstream.lines.toSorted(), ['a', 'b', 'c']);
  assert.deepEqual(kindOf(directory), { created: 3, delivered: 3, killed: 0, unaccounted: 0, pending: 0 });
});

test('the lease is renewed with a record when half of it is over or a clock was set, else left alone', (t) => {
  const { writer, clock, take } = standing(t);
  const owner = join(writer.path!, 'owner.json');
  const isRenewedBy = (what: () => void): boolean => {
    utimesSync(owner, 1, 1);
    what();
    return json(owner) !== undefined && ownerState(writer.path!) === 'alive';
  };
  assert.equal(
    isRenewedBy(() => take('a')),
    false,
  );
  clock.ms += LEASE_MS / 2 - 1;
  assert.equal(
    isRenewedBy(() => take('b')),
    false,
  );
  clock.ms += 1;
  assert.equal(
    isRenewedBy(() => take('c')),
    true,
  );
  assert.equal(
    isRenewedBy(() => take('d')),
    false,
  );
  clock.wallMs += 5000;
  assert.equal(
    isRenewedBy(() => take('e')),
    true,
  );
  clock.wallMs -= 5000;
  assert.equal(
    isRenewedBy(() => take('f')),
    true,
  );
});

test('L6: the disk refuses the renewal: the record waits in memory, the one in doubt is written once more at most', (t) => {
  const here = standing(t);
  const { writer, disk, take } = here;
  take('a');
  const first = writer.path!;
  const write = disk.write.bind(disk);
  disk.write = (...args) => {
    disk.write = write;
    standStill(here);
    sealWriter(first, () => true);
    here.refuses = true;
    return write(...args);
  };
  writer.page.add('spans', 'created', 2);
  const body = Buffer.from('b');
  assert.equal(writer.append('spans', body, 1), 'unsynced', 'kept until its place is known');
  body.fill(0);
  assert.equal(writer.append('spans', 'c', 1), 'failed');
  here.refuses = false;
  assert.equal(writer.append('spans', 'c', 1), 'ok');
  assert.deepEqual(readStream(writer.path!, 'spans').map(textOf), ['b', 'c']);
  assert.equal(writer.page.get('spans', 'journaled'), 2, 'the one in doubt, and this one');
});

test('a folder that somebody removed is left, and what is in transit comes along', (t) => {
  const { directory, writer, clock, take } = standing(t);
  take('a');
  writer.page.add('spans', 'created');
  rmSync(writer.path!, { recursive: true });
  clock.ms += STANDSTILL_MS;
  assert.equal(writer.append('spans', 'b', 1), 'ok');
  writer.page.write();
  assert.deepEqual(kindOf(directory), { created: 1, delivered: 0, killed: 0, unaccounted: 0, pending: 1 });
});

test('L1: a last word is taken back after its folder was brought to an end', async (t) => {
  const here = standing(t);
  const { directory, upstream, writer, take } = here;
  const file = join(writer.path!, 'owner.json');
  writeFileSync(file, JSON.stringify({ ...json(file), pidNamespace: ownIdentity().pidNamespace }));
  take('a');
  writer.page.markClean();
  const page = join(writer.path!, 'counters');
  const old = new Date(Date.now() - LAST_WORD_MS - 1000);
  utimesSync(page, old, old);
  const one = deliverer(directory, upstream);
  await sweepUntil('it is gone', one, () => folders(directory).length === 0);
  await one.stop();
  take('b');
  await settle(t, here);
  assert.deepEqual(upstream.lines, ['a', 'b']);
  assert.deepEqual(kindOf(directory), { created: 2, delivered: 2, killed: 0, unaccounted: 0, pending: 0 });
});

test('purge ends a writer that stands still, too, and it goes on', (t) => {
  const here = standing(t);
  const { directory, writer, take } = here;
  take('a');
  standStill(here);
  const first = basename(writer.path!);
  assert.equal(purge([directory], { kinds: ['spans'], beforeMs: Infinity }).signals.spans, 1);
  assert.ok(readHistory(directory).find(({ id }) => id === first)?.seal !== undefined);
  take('b');
  assert.deepEqual(kindOf(directory), { created: 2, delivered: 0, killed: 0, unaccounted: 0, pending: 1 });
});
