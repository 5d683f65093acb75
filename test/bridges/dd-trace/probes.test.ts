import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, it } from 'node:test';
import { findActivate } from '../../../src/bridges/dd-trace/activate.ts';
import { loadTagMap } from '../../../src/bridges/dd-trace/content.ts';
import { chooseRequestSeam } from '../../../src/bridges/dd-trace/request-seam.ts';
import { SpanAccounts } from '../../../src/bridges/dd-trace/span-accounts.ts';
import { installWriterSeams, type WriterSink } from '../../../src/bridges/dd-trace/writer-seams.ts';
import { REAL, treeOf } from './trees.ts';

const WRITERS = 'packages/dd-trace/src/llmobs/writers';
const REQUEST = 'packages/dd-trace/src/exporters/common/request.js';
const sink: WriterSink = {
  llmSpan: () => 'kept',
  evaluation: () => true,
  passedThrough: (_kind, event) => event,
};

describe('LLM writers', () => {
  it('those of the installed version are known, and given back as they were', () => {
    const load = (name: string) =>
      REAL.require(`${REAL.root}/${WRITERS}/${name}.js`) as { readonly prototype: object };
    const prototypes = [load('spans').prototype, load('evaluations').prototype];
    const before = prototypes.map((prototype) => Object.getOwnPropertyDescriptors(prototype));
    const undo = installWriterSeams(REAL, sink);
    assert.ok(undo !== undefined);
    for (const prototype of prototypes) assert.ok(Object.hasOwn(prototype, 'append'));
    undo();
    assert.deepEqual(
      prototypes.map((prototype) => Object.getOwnPropertyDescriptors(prototype)),
      before,
    );
  });

  const span = 'module.exports = class { append () {} _truncateSpanEvent () {} };';
  const evaluation = 'module.exports = class { append () {} };';
  const others: Record<string, Readonly<Record<string, string>>> = {
    'files that moved': {},
    'one that moved': { [`${WRITERS}/spans.js`]: span },
    'exports by name': {
      [`${WRITERS}/spans.js`]: 'exports.Writer = class { append () {} };',
      [`${WRITERS}/evaluations.js`]: evaluation,
    },
    'another method': {
      [`${WRITERS}/spans.js`]: 'module.exports = class { push () {} };',
      [`${WRITERS}/evaluations.js`]: evaluation,
    },
    'an inherited append': {
      [`${WRITERS}/spans.js`]:
        'class Base { append () {} }\nmodule.exports = class extends Base { _truncateSpanEvent () {} };',
      [`${WRITERS}/evaluations.js`]: evaluation,
    },
    'no truncation': { [`${WRITERS}/spans.js`]: evaluation, [`${WRITERS}/evaluations.js`]: evaluation },
    'a module that throws': {
      [`${WRITERS}/spans.js`]: 'throw new Error("no");',
      [`${WRITERS}/evaluations.js`]: evaluation,
    },
  };
  for (const [name, files] of Object.entries(others)) {
    it(`are not touched: ${name}`, (t) => {
      assert.equal(installWriterSeams(treeOf(t, files), sink), undefined);
    });
  }

  it('are found in a tree like the one that is known (the control)', (t) => {
    const tree = treeOf(t, { [`${WRITERS}/spans.js`]: span, [`${WRITERS}/evaluations.js`]: evaluation });
    const undo = installWriterSeams(tree, sink);
    assert.ok(undo !== undefined);
    undo();
  });
});

describe('requests', () => {
  const choose = (located: typeof REAL, agentUrl = 'http://127.0.0.1:1', relay = false) => {
    const undo: (() => void)[] = [];
    const warnings: unknown[] = [];
    const chosen = chooseRequestSeam(
      {
        located,
        agentUrl,
        startRelay: () =>
          relay
            ? { url: 'http://127.0.0.1:2', taken: () => ({ spans: 0, llmSpans: 0, evaluations: 0 }) }
            : undefined,
        warn: (code, detail) => warnings.push([code, detail]),
      },
      () => ({ statusCode: 200, headers: {}, body: '{}' }),
      undo,
    );
    for (const step of undo) step();
    return { chosen, warnings };
  };

  it('of the installed version come through http.request', () => {
    const { chosen, warnings } = choose(REAL);
    assert.equal(chosen.seam, 'http-request');
    assert.deepEqual(warnings, []);
  });

  const silent = 'module.exports = () => undefined;';
  for (const [name, files] of Object.entries({
    'a file that moved': {},
    'a client of its own': { [REQUEST]: silent },
    'another way to export': { [REQUEST]: 'exports.request = () => undefined;' },
    'an answer by itself': {
      [REQUEST]: 'module.exports = (data, options, callback) => callback(new Error("no"));',
    },
  })) {
    it(`that do not come through are the relay's, else nobody's: ${name}`, (t) => {
      const tree = treeOf(t, files);
      const without = choose(tree);
      assert.equal(without.chosen.seam, 'none');
      assert.deepEqual(without.warnings, [['KS-SEAM-001', { seam: 'none', version: '6.99.0' }]]);
      const withRelay = choose(tree, undefined, true);
      assert.equal(withRelay.chosen.seam, 'loopback-relay');
      assert.equal(withRelay.chosen.relay?.url, 'http://127.0.0.1:2');
    });
  }

  it('follow the address that the tracer really uses, and say so', () => {
    const { chosen, warnings } = choose(REAL, 'http://127.0.0.1:1');
    chosen.follow('http://127.0.0.1:1/');
    chosen.follow(undefined);
    assert.deepEqual(warnings, []);
    chosen.follow('http://127.0.0.1:9');
    assert.deepEqual(warnings, [
      ['KS-SEAM-006', { settings: 'http://127.0.0.1:1', tracer: 'http://127.0.0.1:9' }],
    ]);
  });
});

describe('what is said about LLM spans', () => {
  it('the tag map of the installed version', () => {
    assert.ok(loadTagMap(REAL) instanceof WeakMap);
  });
  it('none where it moved, or became something else', (t) => {
    assert.equal(loadTagMap(treeOf(t, {})), undefined);
    assert.equal(
      loadTagMap(treeOf(t, { 'packages/dd-trace/src/llmobs/tagger.js': 'exports.tagMap = new Map();' })),
      undefined,
    );
  });
});

describe('what is active', () => {
  const scope = { activate: <T>(_span: object, fn: () => T) => fn() };
  it('the storage of the installed version', () => {
    assert.ok(findActivate(REAL, { scope: () => scope }) !== undefined);
  });
  it('none where storage or scope are not there', (t) => {
    assert.equal(findActivate(treeOf(t, {}), { scope: () => scope }), undefined);
    const other = treeOf(t, { 'packages/dd-trace/src/llmobs/storage.js': 'exports.storage = {};' });
    assert.equal(findActivate(other, { scope: () => scope }), undefined);
    assert.equal(findActivate(REAL, {}), undefined);
    assert.equal(findActivate(REAL, { scope: () => undefined }), undefined);
  });
  it("changes nothing else of the caller's context", () => {
    const own = new AsyncLocalStorage<string>();
    const activate = findActivate(REAL, { scope: () => scope })!;
    assert.equal(
      own.run('mine', () => activate({}, () => own.getStore())),
      'mine',
    );
  });
});

describe('counting spans', () => {
  const custody = {
    take: () => true,
    created: () => undefined,
    ended: () => undefined,
    commit: () => undefined,
  };
  const options = { custody, writerSeams: false, release: 'away', tagMap: undefined } as const;
  for (const [name, tracer] of Object.entries({
    'no tracer inside': {},
    'no processor': { _tracer: { _exporter: { export: () => undefined } } },
    'no exporter': { _tracer: { _processor: { _erase: () => undefined } } },
    'another exporter': {
      _tracer: { _processor: { _erase: () => undefined }, _exporter: { send: () => undefined } },
    },
  })) {
    it(`is refused: ${name}`, () => {
      assert.throws(() => new SpanAccounts(tracer, options), TypeError);
    });
  }

  it('gives back what it replaced', () => {
    const exporter = Object.create({ export: () => undefined, flush: () => undefined }) as {
      export: () => void;
      flush: () => void;
    };
    const processor = { process: () => undefined, _erase: () => undefined, _config: { flushMinSpans: 1000 } };
    const before = [exporter.export, processor._erase];
    const tracer = { _tracer: { _exporter: exporter, _processor: processor } };
    const accounts = new SpanAccounts(tracer, { ...options, release: 'seam' });
    assert.notEqual(exporter.export, before[0]);
    accounts.uninstall();
    assert.deepEqual([exporter.export, processor._erase], before);
    assert.ok(!Object.hasOwn(exporter, 'export'));
  });
});
