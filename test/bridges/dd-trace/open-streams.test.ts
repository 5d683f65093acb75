import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  createOpenStreams,
  MAX_OPEN_STREAMS,
  type OpenStreams,
} from '../../../src/bridges/dd-trace/open-streams.ts';

async function* parts(): AsyncGenerator<number> {
  yield 1;
  yield 2;
}

const stream = () => ({ iterator: parts });

describe('streams of answers', () => {
  let open: OpenStreams;
  let ended: string[];
  let host: EventEmitter;
  const follow = (name: string) => {
    const followed = stream();
    const call = { name };
    open.follow(followed, 'iterator', call, () => ended.push(name));
    return { followed, call };
  };
  beforeEach(() => {
    ended = [];
    host = new EventEmitter();
    open = createOpenStreams(host);
  });
  afterEach(() => open.uninstall());

  it('one that is left early is ended then, once', async () => {
    const { followed } = follow('left');
    for await (const part of followed.iterator()) {
      assert.equal(part, 1);
      break;
    }
    assert.deepEqual(ended, ['left']);
    host.emit('exit');
    assert.deepEqual(ended, ['left']);
  });

  it('one that is read to its end is not touched', async () => {
    const { followed, call } = follow('read');
    const read: number[] = [];
    for await (const part of followed.iterator()) read.push(part);
    assert.deepEqual(read, [1, 2]);
    open.over(call);
    host.emit('exit');
    assert.deepEqual(ended, []);
  });

  it('one that nobody can read any more is ended when that is seen', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held = follow('held').followed;
    const iterator = held.iterator();
    await iterator.next();
    (() => {
      follow('never read');
      const { followed } = follow('forgotten');
      void followed.iterator().next();
    })();
    const endMs = performance.now() + 30_000;
    while (ended.length < 2 && performance.now() < endMs) {
      await pause(10);
      collect();
    }
    assert.deepEqual(ended.toSorted(), ['forgotten', 'never read']);
    assert.equal((await iterator.next()).value, 2);
  });

  it('what is open is ended when the process ends', () => {
    const { followed } = follow('open');
    host.emit('beforeExit');
    assert.deepEqual(ended, ['open']);
    assert.ok(followed);
  });

  it(`of ${MAX_OPEN_STREAMS} open ones the next ends the first`, () => {
    const held = Array.from({ length: MAX_OPEN_STREAMS }, (_, index) => follow(String(index)));
    assert.deepEqual(ended, []);
    held.push(follow('one more'));
    assert.deepEqual(ended, ['0']);
  });

  it('uninstalled, it listens no more', () => {
    assert.equal(host.eventNames().length, 2);
    open.uninstall();
    assert.deepEqual(host.eventNames(), []);
  });
});
