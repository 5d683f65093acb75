import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { ServiceError, verifyShutdown, type VerifyShutdownOptions } from '../../src/testing.ts';

const parent = join(privateFolder(), 'testing');
const service: VerifyShutdownOptions = {
  command: process.execPath,
  args: [
    '--import',
    new URL('../../dist/register.js', import.meta.url).href,
    join(import.meta.dirname, 'fixtures/service.mjs'),
  ],
  requests: ['GET /question/{n}'],
  env: { KEEPSPAN_STACK: undefined },
};

process.env['KEEPSPAN_JOURNAL_DIR'] = join(parent, 'journal');

describe('verifyShutdown', { concurrency: 2 }, () => {
  it('counts the same three times when SIGTERM comes in the middle of work', async () => {
    const { ok, problems, exit, underWay, signals, arrivals } = await verifyShutdown(service);
    assert.deepEqual(problems, []);
    assert.ok(ok);
    assert.equal(exit.code, 0);
    assert.ok(underWay > 0);
    assert.ok(signals !== undefined && signals.evaluations.created >= 3);
    assert.equal(signals.evaluations.arrived, signals.evaluations.delivered);
    assert.equal(signals.llmSpans.created, arrivals.count('llmSpans').unique);
  });

  it('starts a killed service again: evaluations and LLM spans of both lives arrive', async () => {
    const { problems, exit, signals } = await verifyShutdown({ ...service, signal: 'SIGKILL' });
    assert.deepEqual(problems, []);
    assert.equal(exit.signal, 'SIGKILL');
    assert.ok(signals !== undefined && signals.evaluations.arrived >= 3);
  });

  it('says the exit code that is wrong, and what a handler lost', async () => {
    const broken = (how: string) => verifyShutdown({ ...service, env: { ...service.env, BROKEN: how } });
    const exits = await broken('exit');
    assert.deepEqual([exits.ok, exits.problems], [false, ['after SIGTERM it ended with code 3']]);
    const killed = await broken('kill');
    assert.ok(killed.problems.includes('after SIGTERM it ended with SIGKILL'), killed.problems.join('\n'));
  });

  it('takes a function for the work, and a service without a journal is a problem', async () => {
    let calls = 0;
    const { problems, signals } = await verifyShutdown({
      ...service,
      env: { DD_LLMOBS_ENABLED: '0' },
      requests: async (baseUrl) => {
        await fetch(baseUrl, { headers: { connection: 'close' } });
        calls += 1;
      },
    });
    assert.ok(calls >= 3);
    assert.equal(signals, undefined);
    assert.match(problems.join('\n'), /keeps no journal/);
  });

  it('rejects with the last lines of a service that does not start, and of requests that are none', async () => {
    await assert.rejects(verifyShutdown({ ...service, env: { BROKEN: 'start' } }), (error) => {
      assert.ok(error instanceof ServiceError);
      assert.match(error.output.join('\n'), /no configuration/);
      return true;
    });
    await assert.rejects(verifyShutdown({ ...service, requests: ['what'] }), RangeError);
  });
});

it('leaves no folder behind', () => {
  assert.deepEqual(
    readdirSync(parent).filter((name) => name.startsWith('verify-')),
    [],
  );
});
