import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { entityHeaders } from '../../../src/bridges/dd-trace/entity.ts';
import { REAL, treeOf } from './trees.ts';

const DOCKER = 'packages/dd-trace/src/exporters/common/docker.js';

describe('by what the Agent knows the container', () => {
  it('is what the tracer puts on its own requests', () => {
    const { inject } = REAL.require(`${REAL.root}/${DOCKER}`) as {
      readonly inject: (carrier: Record<string, string>) => void;
    };
    const carrier: Record<string, string> = {};
    inject(carrier);
    assert.deepEqual(entityHeaders(REAL), carrier);
  });

  it('is texts alone', (t) => {
    const located = treeOf(t, {
      [DOCKER]:
        "exports.inject = (carrier) => Object.assign(carrier, { 'Datadog-Entity-ID': 'ci-1', odd: 7 });",
    });
    assert.deepEqual(entityHeaders(located), { 'Datadog-Entity-ID': 'ci-1' });
  });

  it('is nothing where a tracer keeps it elsewhere, or says it otherwise', (t) => {
    assert.deepEqual(entityHeaders(treeOf(t, {})), {});
    assert.deepEqual(entityHeaders(treeOf(t, { [DOCKER]: 'exports.add = 1;' })), {});
    assert.deepEqual(
      entityHeaders(treeOf(t, { [DOCKER]: "exports.inject = () => { throw new Error('no'); };" })),
      {},
    );
  });
});
