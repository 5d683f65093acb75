import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoffMs, MAX_BACKOFF_MS, MAX_RETRY_AFTER_MS, retryAfterMs } from '../../src/delivery/backoff.ts';
import { mayHaveArrived, meaningOf } from '../../src/delivery/status.ts';

test('L4: every status means what the table says', () => {
  const expected = (status: number): string => {
    if (status < 200 || status >= 500) return 'retry';
    if (status < 300) return 'delivered';
    if (status < 400 || [401, 403, 404, 407].includes(status)) return 'held';
    return [408, 425, 429].includes(status) ? 'retry' : 'refused';
  };
  for (let status = 100; status < 700; status += 1)
    assert.equal(meaningOf(status), expected(status), String(status));
});

test('L12: a gateway that lost its upstream may have passed the request on', () => {
  assert.deepEqual([500, 501, 502, 503, 504, 429].filter(mayHaveArrived), [502, 504]);
});

test('L4: backoff doubles from 100 ms to its cap, with full jitter', () => {
  const ceiling = (failures: number): number => backoffMs(failures, () => 1);
  assert.deepEqual([1, 2, 3, 4].map(ceiling), [100, 200, 400, 800]);
  assert.equal(ceiling(9), 25_600);
  assert.equal(ceiling(10), MAX_BACKOFF_MS);
  assert.equal(ceiling(5000), MAX_BACKOFF_MS);
  assert.equal(
    backoffMs(10, () => 0),
    0,
  );
  assert.equal(
    backoffMs(10, () => 0.25),
    MAX_BACKOFF_MS / 4,
  );
});

test('L4: Retry-After is read in seconds and as a date, and bounded', () => {
  const now = Date.parse('Wed, 21 Oct 2026 07:28:00 GMT');
  assert.equal(retryAfterMs('7', now), 7000);
  assert.equal(retryAfterMs(' 300 ', now), MAX_RETRY_AFTER_MS);
  assert.equal(retryAfterMs('301', now), MAX_RETRY_AFTER_MS);
  assert.equal(retryAfterMs('Wed, 21 Oct 2026 07:28:42 GMT', now), 42_000);
  assert.equal(retryAfterMs('Wed, 21 Oct 2026 07:27:00 GMT', now), 0);
  assert.equal(retryAfterMs('Thu, 22 Oct 2026 07:27:00 GMT', now), MAX_RETRY_AFTER_MS);
  assert.equal(retryAfterMs('soon', now), 0);
  assert.equal(retryAfterMs(undefined, now), 0);
  assert.equal(retryAfterMs(['3', '9'], now), 3000);
});
