import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Ledger } from '../../src/contracts/ledger.ts';
import { createSite, recordsOf, type Site } from '../e2e/support/site.ts';
import { evaluations, llmEvents } from './events.ts';
import { suiteContext } from './suite.ts';

describe('evaluations and annotations of a process', () => {
  const t = suiteContext();
  let site: Site;
  let stderr: string;
  let said: {
    readonly valid: readonly boolean[];
    readonly wrong: readonly boolean[];
    readonly first: boolean;
    readonly second: boolean;
    readonly said: readonly unknown[];
    readonly returned: readonly boolean[];
    readonly inside: boolean;
    readonly ledger: Ledger;
    readonly warnings: Readonly<Record<string, number>>;
  };
  before(async () => {
    site = await createSite(t);
    const ended = await site.run('../../api/fixtures/judged.mjs');
    assert.equal(ended.code, 0, ended.stderr);
    ({ stderr } = ended);
    said = JSON.parse(ended.stdout) as typeof said;
  });

  it('valid ones are taken and arrive with every field', () => {
    assert.deepEqual(said.valid, [true, true, true, true, true]);
    const arrived = evaluations(site.agent);
    const typed = arrived.filter((metric) => String(metric['label']).startsWith('label_'));
    assert.deepEqual(
      typed.map((metric) => [metric['metric_type'], metric[`${String(metric['metric_type'])}_value`]]),
      [
        ['score', 0.5],
        ['categorical', 'good'],
        ['boolean', false],
        ['json', { a: 1 }],
      ],
    );
    const full = arrived.find((metric) => metric['label'] === 'l')!;
    const [version, ...tags] = full['tags'] as string[];
    assert.match(version!, /^keepspan\.version:\d/);
    assert.deepEqual(tags, ['ml_app:other', 'a:b']);
    assert.deepEqual(
      [full['reasoning'], full['assessment'], full['metadata'], full['timestamp_ms'], full['ml_app']],
      ['r', 'pass', { m: 1 }, 1_700_000_000_000, 'other'],
    );
    assert.equal(typed[0]!['ml_app'], 'e2e');
  });

  it('one inside a span judges that span', () => {
    assert.equal(said.inside, true);
    const [judged] = llmEvents(site.agent).filter((event) => event.name === 'judged');
    const active = evaluations(site.agent).find((metric) => metric['label'] === 'active')!;
    assert.deepEqual(active['join_on'], { span: { span_id: judged!.span_id, trace_id: judged!.trace_id } });
  });

  it('L6: wrong ones are false, a count by reason, and one warning a call site', () => {
    assert.deepEqual(
      said.wrong,
      Array.from({ length: 8 }, () => false),
    );
    assert.deepEqual([said.first, said.second], [false, false]);
    const { created, delivered, dropped, lost, unaccounted } = said.ledger.evaluations;
    assert.deepEqual(
      { created, delivered, dropped, lost, unaccounted },
      { created: 16, delivered: 6, dropped: { invalid: 7 }, lost: { unserializable: 3 }, unaccounted: 0 },
    );
    assert.equal(said.warnings['KS-EVAL-001'], 10);
    const sites = recordsOf(stderr, 'KS-EVAL-001').map((warning) => String(warning['site']));
    assert.equal(sites.length, 3);
    for (const site of sites) assert.match(site, /judged\.mjs:\d+:\d+/);
    assert.equal(new Set(sites).size, 3);
  });

  it('L6: annotations that cannot be made are warnings, one a call site, and the function runs', () => {
    assert.deepEqual(said.said, [null, null]);
    assert.deepEqual(said.returned, [true, true, true]);
    const sites = recordsOf(stderr, 'KS-SPAN-004').map((warning) => String(warning['site']));
    assert.equal(new Set(sites).size, sites.length);
    assert.ok(sites.length >= 4, stderr);
    for (const site of sites) assert.match(site, /judged\.mjs:\d+:\d+/);
    assert.ok(said.warnings['KS-SPAN-004']! > sites.length);
    const { created, delivered, lost, unaccounted } = said.ledger.llmSpans;
    assert.deepEqual(
      { created, delivered, lost, unaccounted },
      { created: 4, delivered: 4, lost: {}, unaccounted: 0 },
    );
  });
});
