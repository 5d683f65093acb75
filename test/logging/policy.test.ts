import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOGGERS, levelOf, rowOf } from '../../src/logging/policy.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { PROFILES } from '../../src/settings/row.ts';

/** The requirement's table "Log Volume by Environment", in its own words. */
const SECTION_3: Readonly<Record<string, readonly [string, string, string]>> = {
  Application: ['DEBUG', 'INFO', 'INFO'],
  Evaluations: ['DEBUG', 'INFO', 'INFO'],
  botocore: ['WARNING', 'WARNING', 'WARNING'],
  opensearch: ['WARNING', 'WARNING', 'WARNING'],
  urllib3: ['WARNING', 'WARNING', 'WARNING'],
  RapidOCR: ['ERROR', 'ERROR', 'ERROR'],
};
const PYTHON: Readonly<Record<string, string>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  ERROR: 'error',
};

function at(profile: string, env: Record<string, string> = {}, debug = false) {
  const { settings } = loadSettings({
    env: { DD_ENV: profile, ...env },
    host: { cwd: () => '/a', homedir: () => '/h', readText: () => '{}' },
  });
  return (name: string, levels = {}) => levelOf(name, { settings, debug, levels });
}

for (const [index, profile] of PROFILES.entries()) {
  test(`section 3, log volume, ${profile}`, () => {
    const level = at(profile);
    for (const [theirs, levels] of Object.entries(SECTION_3)) {
      const row = LOGGERS.find(({ requirement }) => requirement === theirs);
      assert.ok(row, theirs);
      assert.equal(level(row.name), PYTHON[levels[index] ?? ''], `${theirs} as ${row.name}`);
      assert.equal(level(theirs), PYTHON[levels[index] ?? ''], `${theirs} by its own name`);
    }
  });
}

test("names of Node's libraries and their parts belong to a row; others to the application", () => {
  for (const [name, row] of [
    ['kafkajs', 'kafka'],
    ['plt:kafka', 'kafka'],
    ['undici', 'http'],
    ['http:client', 'http'],
    ['aws:sqs.receive', 'aws'],
    ['aws-sdk', 'aws'],
    ['tesseract.js', 'ocr'],
    ['onnxruntime-node', 'ocr'],
    ['evaluations.recall', 'evaluations'],
    ['app.db', 'app'],
    ['kafkaesque', 'app'],
    ['anything', 'app'],
  ] as const) {
    assert.equal(rowOf(name).name, row, name);
  }
});

test('LOG_LEVEL is the level of what is ours, and makes libraries stricter, never louder', () => {
  const loud = at('production', { LOG_LEVEL: 'debug' });
  assert.deepEqual(
    [loud('app'), loud('evaluations'), loud('kafka'), loud('ocr')],
    ['debug', 'debug', 'warn', 'error'],
  );
  const quiet = at('development', { LOG_LEVEL: 'ERROR' });
  assert.deepEqual([quiet('app'), quiet('kafka'), quiet('ocr')], ['error', 'error', 'error']);
  assert.equal(at('production', { LOG_LEVEL: 'silent' })('ocr'), 'silent');
});

test('single loggers: the code before the environment, the longest part of a name first', () => {
  const level = at('production', { KEEPSPAN_LOG_LEVELS: 'app.db=debug, kafka=ERROR,app=warn' });
  assert.deepEqual(
    [level('app'), level('app.db'), level('app.db.pool'), level('app.web'), level('kafka'), level('kafkajs')],
    ['warn', 'debug', 'debug', 'warn', 'error', 'error'],
  );
  assert.equal(level('kafka', { kafka: 'info' }), 'info');
});

test('temporary debug is for the application and its evaluations', () => {
  const level = at('production', { KEEPSPAN_LOG_LEVELS: 'app.web=error' }, true);
  assert.deepEqual(
    [level('app'), level('evaluations'), level('app.db'), level('app.web'), level('aws'), level('ocr')],
    ['debug', 'debug', 'debug', 'error', 'warn', 'error'],
  );
  assert.equal(at('production', { LOG_LEVEL: 'trace' }, true)('app'), 'trace', 'it makes nothing quieter');
});
