import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { codesPage } from '../../src/selfmetrics/codes-page.ts';
import { CODES, docsAnchor } from '../../src/selfmetrics/codes.ts';
import { writeRecord } from '../../src/selfmetrics/records.ts';
import { toJsonLine, unwrittenLines, writeLineSync } from '../../src/selfmetrics/stderr.ts';
import { createWarner } from '../../src/selfmetrics/warnings.ts';

test('a warning is written once for each code and site, and counted each time', () => {
  const lines: string[] = [];
  const warner = createWarner((line) => lines.push(line));
  assert.equal(warner.warnOnce('KS-SETTINGS-001', { site: 'a', value: 'x' }), true);
  assert.equal(warner.warnOnce('KS-SETTINGS-001', { site: 'a' }), false);
  assert.equal(warner.warnOnce('KS-SETTINGS-001', { site: 'b' }), true);
  assert.equal(warner.warnOnce('KS-SETTINGS-002'), true);
  assert.deepEqual(warner.counts(), { 'KS-SETTINGS-001': 3, 'KS-SETTINGS-002': 1 });
  assert.equal(lines.length, 3);
  const first = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.equal(first.level, 'warn');
  assert.equal(first.code, 'KS-SETTINGS-001');
  assert.equal(first.msg, CODES['KS-SETTINGS-001'].title);
  assert.equal(first.value, 'x');
  assert.equal(first.fix, CODES['KS-SETTINGS-001'].fix);
  assert.equal(first.docs, 'docs/reference/codes.md#ks-settings-001');
});

test('memory is bounded: the last site that is written, the first that is only counted', () => {
  const lines: string[] = [];
  const warner = createWarner((line) => lines.push(line), 3);
  for (const site of ['a', 'b', 'c']) assert.equal(warner.warnOnce('KS-SETTINGS-003', { site }), true);
  for (const site of ['d', 'e', 'd']) assert.equal(warner.warnOnce('KS-SETTINGS-003', { site }), false);
  assert.deepEqual(warner.counts(), { 'KS-SETTINGS-003': 6, 'KS-SELF-001': 3 });
  assert.equal(lines.length, 4);
  assert.match(lines[3] ?? '', /KS-SELF-001/);
});

test('the counts are bounded too, and a code without an entry is written all the same', () => {
  const lines: string[] = [];
  const warner = createWarner((line) => lines.push(line), 2);
  for (const code of ['KS-X-001', 'KS-X-002', 'KS-X-003', 'KS-X-004']) warner.warnOnce(code);
  assert.deepEqual(Object.keys(warner.counts()).sort(), ['KS-SELF-001', 'KS-X-001', 'KS-X-002']);
  assert.match(lines[0] ?? '', /"msg":"A warning without an entry","code":"KS-X-001"/);
});

test('a record is one JSON line; fields do not replace level, time and msg', () => {
  const lines: string[] = [];
  const fields = { msg: 'forged', level: 'x', service: 'a\nb', big: 1n };
  writeRecord('observability_flush_failed', fields, (line) => lines.push(line));
  assert.equal(lines.length, 1);
  assert.doesNotMatch(lines[0] ?? '', /\n/);
  const record = JSON.parse(lines[0] ?? '') as Record<string, unknown>;
  assert.deepEqual(Object.keys(record), ['level', 'time', 'msg', 'service', 'big']);
  assert.equal(record.level, 'warn');
  assert.equal(record.msg, 'observability_flush_failed');
  assert.equal(record.service, 'a\nb');
  assert.equal(record.big, '1');
  assert.ok(Math.abs(Date.parse(String(record.time)) - Date.now()) < 60_000);
});

test('a field that JSON has no form for does not take the others with it', () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  assert.equal(toJsonLine({ a: 1, circle, none: undefined }), '{"a":1,"circle":"[unserializable]"}');
  assert.equal(toJsonLine({ error: new Error('why') }), '{"error":"why"}');
});

test('a line is written whole through short writes and a full pipe; one that stays full is counted', () => {
  let text = '';
  let calls = 0;
  writeLineSync('hello', (_fd, bytes, offset) => {
    calls += 1;
    if (calls === 2) throw Object.assign(new Error('full'), { code: 'EAGAIN' });
    text += String.fromCharCode(bytes[offset] ?? 0);
    return 1;
  });
  assert.equal(text, 'hello\n');
  const before = unwrittenLines();
  writeLineSync('lost', () => {
    throw Object.assign(new Error('full'), { code: 'EAGAIN' });
  });
  writeLineSync('closed', () => {
    throw Object.assign(new Error('gone'), { code: 'EPIPE' });
  });
  assert.equal(unwrittenLines(), before + 2);
});

test('a record written right before process.exit arrives', () => {
  const records = new URL('../../src/selfmetrics/records.ts', import.meta.url).href;
  const source = `import { writeRecord } from ${JSON.stringify(records)}; writeRecord('observability_shutdown', { n: 'x'.repeat(100_000) }); process.exit(3);`;
  const child = spawnSync(process.execPath, ['--input-type=module', '-e', source], {
    encoding: 'utf8',
    timeout: 20_000,
  });
  assert.equal(child.status, 3);
  assert.equal((JSON.parse(child.stderr) as { n: string }).n.length, 100_000);
  assert.equal(child.stdout, '');
});

test('every code has its place in the page, where its anchor points', () => {
  const page = codesPage(CODES);
  for (const code of Object.keys(CODES)) {
    assert.match(page, new RegExp(`^### ${code}$`, 'm'));
    assert.ok(docsAnchor(code).endsWith(`#${code.toLowerCase()}`));
  }
});
