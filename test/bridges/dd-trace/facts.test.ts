import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { it } from 'node:test';
import { promisify } from 'node:util';
import { TESTED_VERSIONS } from '../../../src/bridges/dd-trace/locate.ts';
import { EVENT_LIMIT_BYTES } from '../../../src/bridges/dd-trace/writer-seams.ts';
import { REAL } from './trees.ts';

const load = (path: string) =>
  REAL.require(`${REAL.root}/packages/dd-trace/src/${path}`) as Readonly<Record<string, unknown>>;

it('the installed version is one that is tested', () => {
  assert.ok(TESTED_VERSIONS.includes(REAL.version));
});

it('names and limits that the bridge repeats are those of the tracer', () => {
  const tags = load('llmobs/constants/tags.js');
  assert.equal(tags['LLMOBS_SUBMITTED_TAG_KEY'], '_dd.llmobs.submitted');
  assert.equal(tags['ROUTING_API_KEY'], '_dd.llmobs.routing.api_key');
  assert.equal(tags['METADATA'], '_ml_obs.meta.metadata');
  for (const name of [
    'INPUT_VALUE',
    'INPUT_MESSAGES',
    'INPUT_DOCUMENTS',
    'INPUT_PROMPT',
    'EXPERIMENT_INPUT',
  ]) {
    assert.match(String(tags[name]), /^_ml_obs\.meta\.input/);
  }
  for (const name of ['OUTPUT_VALUE', 'OUTPUT_MESSAGES', 'OUTPUT_DOCUMENTS', 'EXPERIMENT_OUTPUT']) {
    assert.match(String(tags[name]), /^_ml_obs\.meta\.output/);
  }
  assert.match(String(tags['TOOL_DEFINITIONS']), /^_ml_obs\.meta\.tool_definitions/);
  assert.match(String(tags['AGENT_MANIFEST']), /^_ml_obs\.meta\.metadata\._dd/);
  assert.equal(load('llmobs/constants/writers.js')['EVP_EVENT_SIZE_LIMIT'], EVENT_LIMIT_BYTES);
  assert.equal(load('llmobs/constants/writers.js')['EVP_SUBDOMAIN_HEADER_NAME'], 'X-Datadog-EVP-Subdomain');
});

it('integrations that write content on APM spans are the ones that are told not to', () => {
  const known = Object.keys(
    (load('config/supported-configurations.json') as { supportedConfigurations: object })
      .supportedConfigurations,
  );
  assert.deepEqual(known.filter((name) => name.endsWith('_PROMPT_COMPLETION_SAMPLE_RATE')).sort(), [
    'DD_LANGCHAIN_SPAN_PROMPT_COMPLETION_SAMPLE_RATE',
    'DD_VERTEXAI_SPAN_PROMPT_COMPLETION_SAMPLE_RATE',
  ]);
});

it("a 'message' listener that is added after worker.unref() holds the process; before, it does not", async () => {
  const program = (listenFirst: boolean) => `
    const { Worker } = require('node:worker_threads');
    const worker = new Worker('require("node:worker_threads").parentPort.on("message", () => {})', { eval: true });
    const listen = () => worker.on('message', () => undefined);
    ${listenFirst ? 'listen(); worker.unref();' : 'worker.unref(); listen();'}
    setTimeout(() => { console.log('held'); process.exit(0); }, 1000).unref();
    if (${!listenFirst}) setTimeout(() => undefined, 0);
  `;
  const run = (listenFirst: boolean) =>
    promisify(execFile)(process.execPath, ['-e', program(listenFirst)], { timeout: 20_000 });
  assert.equal((await run(true)).stdout, '');
  assert.equal((await run(false)).stdout, 'held\n');
});
