import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { copiesOf, copyOf, locateOpenLlmetry } from '../../../src/bridges/openllmetry/locate.ts';

describe('where OpenLLMetry and the frameworks lie', () => {
  let folder: string;
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
    return join(folder, path);
  };
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'locate-'));
    write('node_modules/@traceloop/node-server-sdk/package.json', '{"version":"0.27.0"}');
    write(
      'node_modules/llamaindex/package.json',
      JSON.stringify({
        exports: {
          '.': { edge: './edge.js', import: { types: './a.d.ts', default: './a.mjs' }, require: './a.cjs' },
          './only': { import: './only.mjs' },
        },
      }),
    );
    for (const file of ['a.mjs', 'a.cjs', 'only.mjs']) write(`node_modules/llamaindex/${file}`, '');
    write('node_modules/plain/package.json', '{"main":"main.js"}');
    write('node_modules/plain/main.js', '');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const located = (entry: string) => locateOpenLlmetry(entry, '/')!;

  it('from the entry file, or from the working directory, or nowhere', () => {
    const entry = write('app.cjs', '');
    assert.equal(located(entry).version, '0.27.0');
    assert.equal(locateOpenLlmetry(undefined, folder)?.root, located(entry).root);
    assert.equal(locateOpenLlmetry('/nowhere/app.js', '/'), undefined);
  });

  it('the format of an entry: extension, manifest, syntax', () => {
    const formats = [
      [write('a.mjs', ''), 'module'],
      [write('a.cts', ''), 'commonjs'],
      [write('plain.js', 'require("x")'), 'commonjs'],
      [write('esm.js', '#!/usr/bin/env node\nimport x from "x"'), 'module'],
      [write('called.js', 'import("x")'), 'commonjs'],
      [(write('typed/package.json', '{"type":"module"}'), write('typed/a.ts', '')), 'module'],
    ] as const;
    for (const [entry, format] of formats) assert.equal(located(entry).format, format, entry);
  });

  it('both copies of a package, or the one that the entry will load', () => {
    const esm = located(write('b.mjs', ''));
    const files = (specifier: string) =>
      copiesOf(esm.application, specifier).map((file) => file.slice(join(folder, 'node_modules/').length));
    assert.deepEqual(files('llamaindex'), ['llamaindex/a.cjs', 'llamaindex/a.mjs']);
    assert.deepEqual(files('llamaindex/only'), ['llamaindex/only.mjs']);
    assert.deepEqual(files('plain'), ['plain/main.js']);
    assert.deepEqual(files('absent'), []);
    assert.match(copyOf(esm, 'llamaindex') ?? '', /a\.mjs$/);
    assert.match(copyOf(located(write('b.cjs', '')), 'llamaindex') ?? '', /a\.cjs$/);
    assert.match(copyOf(esm, 'plain') ?? '', /main\.js$/);
    assert.equal(copyOf(esm, 'absent'), undefined);
  });
});
