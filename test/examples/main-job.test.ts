import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { ExtractionResult } from '../../examples/extraction/service/results.ts';
import { readArguments } from '../../scripts/main-job/arguments.ts';
import { loadCorpus } from '../../scripts/main-job/corpus.ts';
import { chosenModel, cleanEnvironment } from '../../scripts/main-job/environment.ts';
import { judge, type DrillName } from '../../scripts/main-job/judge.ts';
import type { KindCounts } from '../../scripts/main-job/ledger.ts';
import { normalize, score, trueFields } from '../../scripts/main-job/truth.ts';

describe('the truth', () => {
  it('brings spellings of the same value together', () => {
    const same = [
      ['repository', 'git+https://github.com/O/r.git', 'https://github.com/o/r/'],
      ['repository', 'git@github.com:o/r.git', 'github:o/r'],
      ['repository', 'o/r', 'git://github.com/o/r.git'],
      ['homepage', 'https://github.com/o/r#readme', 'http://www.github.com/o/r'],
      ['author', 'Jane  Doe <j@example.org> (https://example.org)', 'jane doe'],
      ['node_version', '>= 18', '>=18.0.0'],
      ['node_version', '^20.1 || >= 22', '^20.1.0||>=22.0.0'],
      ['license', '(MIT)', 'MIT'],
    ] as const;
    for (const [name, left, right] of same) assert.equal(normalize(name, left), normalize(name, right));
  });

  it('keeps different values apart', () => {
    const different = [
      ['repository', 'https://github.com/o/r', 'https://github.com/o/s'],
      ['repository', 'https://gitlab.com/o/r', 'o/r'],
      ['homepage', 'https://example.org', 'https://example.org/docs'],
      ['author', 'Jane Doe', 'Jane Roe'],
      ['node_version', '>=18', '>=18.1'],
      ['license', 'MIT', 'ISC'],
    ] as const;
    for (const [name, left, right] of different)
      assert.notEqual(normalize(name, left), normalize(name, right));
  });

  it('counts only fields that have one', () => {
    const truth = trueFields({ license: { type: 'MIT' }, repository: { url: 'o/r' }, engines: { npm: '1' } });
    assert.deepEqual(truth, { license: 'mit', repository: 'github.com/o/r' });
    const result = { confidence: 1, grounded: true, format: 'json' as const };
    assert.deepEqual(
      score(truth, [
        { name: 'license', value: 'MIT', ...result },
        { name: 'author', value: 'x', ...result },
      ]),
      {
        fields: 2,
        correct: 1,
      },
    );
  });

  it('stands in at least a hundred installed packages, the same ones each time', async () => {
    const modules = fileURLToPath(new URL('../../node_modules', import.meta.url));
    const [first, second] = [await loadCorpus(modules, 100), await loadCorpus(modules, 100)];
    assert.equal(first.length, 100);
    assert.deepEqual(first, second);
    assert.equal(new Set(first.map((entry) => entry.document.id)).size, 100);
    assert.ok(first.every((entry) => entry.document.readme.length > 0));
  });
});

describe('the judgement of a drill', () => {
  const result: ExtractionResult = {
    id: 'a',
    durationMs: 1,
    fields: [
      { name: 'license', value: 'MIT', confidence: 1, grounded: true, format: 'json' },
      { name: 'author', value: null, confidence: 0, grounded: false, format: 'empty', error: 'timeout' },
    ],
  };
  const counts = (created: number, change: Partial<KindCounts> = {}): KindCounts => ({
    created,
    delivered: created,
    pending: 0,
    sampledOut: 0,
    dropped: {},
    lost: {},
    unaccounted: 0,
    ...change,
  });
  const received = (unique: number) => ({ unique, duplicates: 0 });
  const good = {
    ledger: { spans: counts(9), llmSpans: counts(8), evaluations: counts(4) },
    arrivals: { spans: received(9), llmSpans: received(8), evaluations: received(4) },
    recall: {
      requests: 1,
      heuristic: 0,
      judged: 1,
      called: 1,
      needed: { no_score: 1 },
      judgeCalls: 1,
      audits: 0,
      auditMisses: 0,
      skipped: {},
      maybeTwice: 0,
      waiting: 0,
    },
  };
  const findings = (name: DrillName, change: Partial<typeof good>): string[] =>
    judge({ name, results: [result], ...good, ...change });

  it('finds nothing wrong with one that holds', () => {
    assert.deepEqual(findings('steady', {}), []);
  });

  it('names what is unaccounted, pending or lost', () => {
    const spans = counts(9, { delivered: 6, unaccounted: 1, pending: 1, lost: { overflow: 1 } });
    const found = findings('outage', {
      ledger: { ...good.ledger, spans },
      arrivals: { ...good.arrivals, spans: received(6) },
    });
    assert.deepEqual(found, [
      'spans: 1 unaccounted',
      'spans: 1 still pending after the replay',
      'spans: 1 lost (overflow)',
    ]);
  });

  it('forgives APM spans that died with a killed process, and nothing else', () => {
    const lost = (created: number, reason: string) =>
      counts(created, { delivered: created - 1, lost: { [reason]: 1 } });
    const with1 = (kind: 'spans' | 'llmSpans', created: number, reason: string) => ({
      ledger: { ...good.ledger, [kind]: lost(created, reason) },
      arrivals: { ...good.arrivals, [kind]: received(created - 1) },
    });
    assert.deepEqual(findings('sigkill', with1('spans', 9, 'killed')), []);
    assert.deepEqual(findings('sigterm', with1('spans', 9, 'killed')), ['spans: 1 lost (killed)']);
    assert.deepEqual(findings('sigkill', with1('spans', 9, 'overflow')), ['spans: 1 lost (overflow)']);
    assert.deepEqual(findings('sigkill', with1('llmSpans', 8, 'killed')), ['llmSpans: 1 lost (killed)']);
  });

  it('believes the receiver, in both directions', () => {
    for (const unique of [3, 5]) {
      const arrivals = { ...good.arrivals, evaluations: received(unique) };
      assert.deepEqual(findings('sigterm', { arrivals }), [
        `evaluations: the ledger says 4 delivered, the receiver counted ${unique}`,
      ]);
    }
  });

  it('does not accept a ledger that forgot what the documents must have made', () => {
    const less = {
      ledger: { ...good.ledger, llmSpans: counts(6) },
      arrivals: { ...good.arrivals, llmSpans: received(6) },
    };
    assert.deepEqual(findings('sigterm', less), ['llmSpans: 1 documents make 7, the ledger counted 6']);
    const more = (created: number) => ({
      ledger: { ...good.ledger, llmSpans: counts(created) },
      arrivals: { ...good.arrivals, llmSpans: received(created) },
    });
    assert.deepEqual(findings('sigterm', more(99)), [], 'interrupted work is done again');
    assert.deepEqual(findings('steady', more(12)), [], 'calls of the judge under way at the end, too');
    assert.deepEqual(findings('steady', more(13)), ['llmSpans: 1 documents make 8, the ledger counted 13']);
    assert.deepEqual(findings('steady', more(7)), ['llmSpans: 1 documents make 8, the ledger counted 7']);
  });

  it('expects a verdict on every answered field', () => {
    const recall = { ...good.recall, heuristic: 1, judged: 1 };
    const evaluations = {
      ledger: { ...good.ledger, evaluations: counts(5) },
      arrivals: { ...good.arrivals, evaluations: received(5) },
    };
    assert.deepEqual(findings('steady', { ...evaluations, recall }), ['recall: 1 requests, 2 verdicts']);
    assert.deepEqual(findings('steady', { recall: { ...good.recall, requests: 2 } }), [
      'recall: 1 answered fields, 2 requests',
      'recall: 2 requests, 1 verdicts',
    ]);
    assert.deepEqual(findings('outage', { recall: { ...good.recall, waiting: 3 } }), [
      'recall: 3 without a verdict after the replay',
    ]);
    assert.deepEqual(
      findings('outage', { recall: { ...good.recall, judged: 0, skipped: { judge_down: 1 } } }),
      ['recall: 1 skipped (judge_down)'],
    );
  });
});

describe('the surroundings of the main job', () => {
  it('reads its arguments and refuses others', () => {
    assert.deepEqual(readArguments(['--once', '--report', 'x.json']), {
      once: true,
      reportFile: 'x.json',
      help: false,
    });
    assert.throws(() => readArguments(['--twice']), /--twice/);
  });

  it('keeps what would steer the drills away from them', () => {
    const env = {
      PATH: '/bin',
      HOME: '/h',
      DD_ENV: 'x',
      KEEPSPAN_STACK: 'off',
      NODE_OPTIONS: '--x',
      OTEL_A: 'x',
    };
    assert.deepEqual(cleanEnvironment(env), { PATH: '/bin', HOME: '/h' });
  });

  it('uses a real model when one is named, else the stand-in', () => {
    assert.equal(chosenModel({ OPENAI_BASE_URL: '' }), undefined);
    assert.deepEqual(chosenModel({ OPENAI_BASE_URL: 'http://h/v1', EXTRACTION_MODEL: 'm' }), {
      baseUrl: 'http://h/v1',
      apiKey: 'none',
      name: 'm',
    });
  });
});
