import assert from 'node:assert/strict';
import { channel } from 'node:diagnostics_channel';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { watchBedrock } from '../../../src/bridges/aws/bedrock-watch.ts';
import { createSite } from '../../e2e/support/site.ts';

const REGISTER = new URL('../../../src/register.ts', import.meta.url).href;
const PROGRAM = '../../bridges/aws/fixtures/bedrock-loaded.mjs';

describe('Bedrock that is loaded and makes no spans', () => {
  it('is said by its code with the real tracer and client, and only then', async (t) => {
    const site = await createSite(t);
    const run = async (env: Readonly<Record<string, string>>) => {
      const { code, stdout, stderr } = await site.run(PROGRAM, [], { nodeArgs: ['--import', REGISTER], env });
      assert.deepEqual([code, stdout.trim()], [0, 'function'], stderr);
      return stderr.split('\n').filter((line) => line.includes('KS-AWS-002'));
    };
    assert.deepEqual(await run({}), []);
    const [off, second] = await run({ DD_TRACE_AWS_SDK_ENABLED: 'false' });
    assert.match(off ?? '', /switched off/);
    assert.equal(second, undefined);
    const [blind] = await run({ DD_TRACE_DISABLED_INSTRUMENTATIONS: '@smithy/core' });
    assert.match(blind ?? '', /was not instrumented when it was loaded/);
  });

  it('nothing listens any more once it was seen, or uninstalled', async () => {
    const said: string[] = [];
    const loaded = channel('tracing:module.require:end');
    const instrumented = channel('dd-trace:instrumentation:load');
    const before = [loaded.hasSubscribers, instrumented.hasSubscribers];
    const uninstall = watchBedrock((why) => said.push(why));
    loaded.publish({ id: '@aws-sdk/client-sqs', result: {} });
    loaded.publish({ id: '@aws-sdk/client-bedrock-runtime', result: {} });
    assert.deepEqual([loaded.hasSubscribers, instrumented.hasSubscribers], before);
    await turn();
    assert.equal(said.length, 1);
    uninstall();
    const other = watchBedrock((why) => said.push(why));
    other();
    loaded.publish({ id: '@aws-sdk/client-bedrock-runtime', result: {} });
    await turn();
    assert.deepEqual([said.length, loaded.hasSubscribers], [1, before[0]]);
  });
});
