import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { followOpenAiInstrumentation } from '../../../src/bridges/otel-openai/follow.ts';

const root = mkdtempSync(join(tmpdir(), 'keepspan-follow-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** An application with the instrumentation as 0.22 lies there: `import` and `require` have a copy each. */
function application(copy: string): NodeJS.Require {
  const app = mkdtempSync(join(root, 'app-'));
  const folder = join(app, 'node_modules', '@opentelemetry', 'instrumentation-openai');
  mkdirSync(folder, { recursive: true });
  const exports = { '.': { require: './index.cjs', default: './index.mjs' } };
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ version: '0.22.0', exports }));
  writeFileSync(join(folder, 'index.mjs'), `export ${copy}`);
  writeFileSync(join(folder, 'index.cjs'), `exports.OpenAIInstrumentation = ${copy}`);
  return createRequire(join(app, 'app.js'));
}

const KNOWN =
  'class OpenAIInstrumentation { _getPatchedChatCompletionsCreate() {} *_onChatCompletionsStreamIterator() {} }';

interface Copy {
  readonly OpenAIInstrumentation: { readonly prototype: Readonly<Record<string, unknown>> };
}
const makerOf = (loaded: unknown) =>
  (loaded as Copy).OpenAIInstrumentation.prototype['_getPatchedChatCompletionsCreate'];

describe('following the instrumentation of OpenAI', () => {
  it('both copies of one are mended, and put back when it ends', () => {
    const require = application(KNOWN);
    const stop = followOpenAiInstrumentation([require, require]);
    const name = '@opentelemetry/instrumentation-openai';
    const imported = require.resolve(name).replace(/cjs$/, 'mjs');
    const copies: unknown[] = [require(name), require(imported)];
    assert.notEqual(copies[0], copies[1]);
    for (const copy of copies)
      assert.notEqual((makerOf(copy) as () => void).name, '_getPatchedChatCompletionsCreate');
    stop();
    for (const copy of copies)
      assert.equal((makerOf(copy) as () => void).name, '_getPatchedChatCompletionsCreate');
  });

  it('one that is not as known, and one that cannot be loaded, are left to the application', () => {
    const other = application('class OpenAIInstrumentation { init() {} }');
    const broken = application('class OpenAIInstrumentation {}\nthrow new RangeError("its own")');
    const stop = followOpenAiInstrumentation([other, broken]);
    const name = '@opentelemetry/instrumentation-openai';
    assert.equal(makerOf(other(name)), undefined);
    assert.throws(() => void broken(name), /its own/);
    stop();
  });
});
