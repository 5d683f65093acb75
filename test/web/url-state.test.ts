import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseQuery, queryText, withoutTerm, withTerm, withTermTurned } from '../../web/src/lib/query.ts';
import { evalPath, pageOf, tracePath } from '../../web/src/lib/routes.ts';
import { absolute, COLUMNS, readFilters, tracesQuery, writeFilters } from '../../web/src/lib/url-state.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

describe('a search as terms', () => {
  it('is read as the API reads it, and written back', () => {
    const text = 'slow -status:error service:"my api" tag.env:prod duration:>100ms "two words"';
    const terms = parseQuery(text);
    assert.deepEqual(terms, [
      { negated: false, key: '', value: 'slow' },
      { negated: true, key: 'status', value: 'error' },
      { negated: false, key: 'service', value: 'my api' },
      { negated: false, key: 'tag.env', value: 'prod' },
      { negated: false, key: 'duration', value: '>100ms' },
      { negated: false, key: '', value: 'two words' },
    ]);
    assert.equal(queryText(terms), text);
    assert.deepEqual(parseQuery('   '), []);
  });

  it('a clicked value is added once; the other sign replaces it', () => {
    const service = { negated: false, key: 'service', value: 'a b' };
    const once = withTerm('slow', service);
    assert.equal(once, 'slow service:"a b"');
    assert.equal(withTerm(once, service), once);
    assert.equal(withTerm(once, { ...service, negated: true }), 'slow -service:"a b"');
    assert.equal(withTermTurned(once, 1), 'slow -service:"a b"');
    assert.equal(withoutTerm(once, 1), 'slow');
  });

  it('values cannot break out of their quotes', () => {
    for (const value of ['GET /a:b', 'x" -service:y', '-', ' ', '']) {
      const text = withTerm('', { negated: false, key: 'resource', value });
      assert.equal(parseQuery(text).length, 1, text);
      assert.equal(parseQuery(text)[0]?.key, 'resource');
    }
  });
});

describe('the address of the list of traces', () => {
  it('says everything, and nothing that is so by default', () => {
    assert.equal(writeFilters(readFilters('')), '');
    const peek = 'a'.repeat(32);
    const address = `?q=status%3Aerror&from=-15m&sort=duration&cols=time%2Cspans&peek=${peek}&live=0`;
    const filters = readFilters(address);
    assert.deepEqual(filters, {
      q: 'status:error',
      from: '-15m',
      to: '',
      sort: 'duration',
      cols: ['time', 'spans'],
      peek,
      live: false,
    });
    assert.equal(writeFilters(filters), address);
  });

  it('what it does not understand counts as absent', () => {
    const filters = readFilters('?from=yesterdayish&to=-5x&sort=colour&peek=%3Cb%3E&live=maybe');
    assert.deepEqual(filters, { q: '', from: '', to: '', sort: 'time', cols: COLUMNS, peek: '', live: true });
  });

  it('a shared view has absolute times', () => {
    const shared = absolute(readFilters('?from=-15m'), NOW);
    assert.deepEqual([shared.from, shared.to], ['2026-03-01T11:45:00.000Z', '2026-03-01T12:00:00.000Z']);
    assert.deepEqual(absolute(shared, NOW + 1), shared);
    assert.equal(absolute(readFilters(''), NOW).to, '');
  });

  it('asks the API in milliseconds', () => {
    const query = tracesQuery(readFilters('?q=a%20b&from=-1h&sort=tokens'), NOW, 100, 'next');
    assert.equal(query, `limit=100&q=a+b&from=${NOW - 3_600_000}&sort=tokens&cursor=next`);
    assert.equal(tracesQuery(readFilters(''), NOW, 50), 'limit=50');
  });
});

describe('addresses of pages', () => {
  it('are read back as they were written', () => {
    assert.deepEqual(pageOf('/traces'), { name: 'traces' });
    assert.deepEqual(pageOf(tracePath('abc')), { name: 'trace', traceId: 'abc' });
    assert.equal(tracePath('abc', '1f', 'logs'), '/traces/abc?span=1f&tab=logs');
    assert.deepEqual(pageOf(evalPath('a/b c')), { name: 'eval', label: 'a/b c' });
    assert.deepEqual(pageOf('/evals'), { name: 'evals' });
    for (const name of ['ledger', 'alerts', 'checklist'] as const)
      assert.deepEqual(pageOf(`/${name}`), { name });
    for (const path of ['/', '/nope', '/ledger/x', '/traces/a/b'])
      assert.equal(pageOf(path).name, 'unknown', path);
    assert.deepEqual(pageOf('/evals/%zz'), { name: 'eval', label: '%zz' });
  });
});
