import assert from 'node:assert/strict';
import http, { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import {
  APM_CHECKS,
  startApmTestAgent,
  type ApmTestAgent,
  type ApmTestAgentOptions,
  type KeptRequest,
} from '../../scripts/counterparts/apm-test-agent.ts';
import { contentsOf, tracesOf, type Body, type Contents, type TraceBytes } from './support/apm-bodies.ts';
import { createStage, reported, type Ended, type Stage } from './support/program.ts';

const FIXED = ['--import', './test/counterparts/fixtures/apm-fixed.mjs'].join(' ');
const EPOCH_MS = String(Date.now());
const NO_POLICY = { DD_TRACE_SAMPLING_RULES: '[]' };
/** The rule that the requirement means, by the name that it has in Node. */
const POLICY = { DD_TRACE_SAMPLING_RULES: '[{"name":"kafka.consume","sample_rate":0}]' };
const SIGNALS = /\/(?:traces|llmobs|eval-metric)$/;

async function testAgent(t: TestContext, options?: ApmTestAgentOptions): Promise<ApmTestAgent> {
  const agent = await startApmTestAgent(options);
  t.after(() => agent.stop());
  return agent;
}

/** Runs the same program to the byte, and resolves with what the test agent got of it. */
async function arrived(
  t: TestContext,
  stage: Stage,
  how: 'keepspan' | 'dd-trace',
  env: Readonly<Record<string, string>>,
  args: readonly string[] = [],
): Promise<{ readonly kept: readonly KeptRequest[]; readonly ended: Ended }> {
  const agent = await testAgent(t);
  const ended = await stage.run(how, 'apm-signals.mjs', args, {
    NODE_OPTIONS: FIXED,
    FIXED_EPOCH_MS: EPOCH_MS,
    // Somebody may commit between two runs.
    DD_TRACE_GIT_METADATA_ENABLED: 'false',
    DD_TRACE_AGENT_URL: agent.url,
    ...env,
  });
  assert.equal(await agent.failures(), '');
  const kept = (await agent.requests()).filter(({ path }) => SIGNALS.test(path));
  return { kept, ended };
}

function handedOver({ stdout }: Ended): Body[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('handed '))
    .map((line) => JSON.parse(line.slice('handed '.length)) as { path: string; body: string })
    .map(({ path, body }) => ({ path, body: Buffer.from(body, 'base64') }));
}

function assertSameContents(actual: Contents, expected: Contents): void {
  assert.ok(expected.traceCount > 0 && expected.llmSpans !== '' && expected.evaluations !== '');
  assert.equal(actual.traceCount, expected.traceCount);
  assert.ok(actual.traces.equals(expected.traces), 'traces differ');
  assert.ok(actual.llmSpans === expected.llmSpans, 'LLM spans differ');
  assert.ok(actual.evaluations === expected.evaluations, 'evaluations differ');
}

describe('byte for byte what dd-trace meant to send', () => {
  it('the test agent gets from Keepspan what it gets from dd-trace alone: traces, LLM spans, evaluations', async (t) => {
    const stage = await createStage(t);
    const alone = await arrived(t, stage, 'dd-trace', NO_POLICY);
    for (const custody of ['full', 'wire']) {
      const env = { ...NO_POLICY, KEEPSPAN_CUSTODY: custody };
      const { kept } = await arrived(t, await createStage(t), 'keepspan', env);
      assertSameContents(contentsOf(kept), contentsOf(alone.kept));
      assert.deepEqual(headersByPath(kept), headersByPath(alone.kept), custody);
    }
  });

  it('what dd-trace hands to http.request arrives; its LLM writers hand over the rest', async (t) => {
    for (const custody of ['wire', 'full']) {
      const stage = await createStage(t);
      const env = { ...NO_POLICY, KEEPSPAN_CUSTODY: custody };
      const { kept, ended } = await arrived(t, stage, 'keepspan', env, ['capture']);
      const handed = contentsOf(handedOver(ended));
      const got = contentsOf(kept);
      if (custody === 'wire') assertSameContents(got, handed);
      else {
        assert.ok(handed.traceCount > 0 && got.traces.equals(handed.traces), 'traces differ');
        assert.equal(
          handed.llmSpans + handed.evaluations,
          '',
          'LLM spans are taken before they are requests',
        );
      }
    }
  });

  it('a policy cuts noise out and leaves every byte of the rest', async (t) => {
    const { kept, ended } = await arrived(t, await createStage(t), 'keepspan', POLICY, ['capture']);
    const handed = tracesOf(handedOver(ended));
    const wanted = handed.filter(({ spans }) => !isNoise(spans) || spans.some(({ error }) => error !== 0));
    const got = tracesOf(kept);
    assert.equal(got.length, wanted.length);
    assert.ok(concatenated(got).equals(concatenated(wanted)), 'traces differ');
    const noise = (traces: readonly TraceBytes[]): number =>
      traces.filter(({ spans }) => isNoise(spans)).length;
    assert.ok(noise(handed) > noise(got) && noise(got) > 0, 'noise is cut, but not where it errs');
  });
});

describe("Datadog's own trace checks", () => {
  for (const [name, env] of Object.entries({ 'without a policy': NO_POLICY, 'with a policy': POLICY })) {
    it(`pass on what is delivered ${name}, schema v0`, async (t) => {
      const agent = await testAgent(t);
      const stage = await createStage(t);
      const ended = await stage.run('keepspan', 'apm-services.mjs', [], {
        DD_TRACE_AGENT_URL: agent.url,
        ...env,
      });
      assert.equal(await agent.failures(), '');
      await assertChecked(agent, [
        'trace_count_header',
        'meta_tracer_version_header',
        'trace_content_length',
      ]);
      await assertAllThere(agent, ended, name === 'with a policy');
    });
  }

  it('pass under schema v1, where peer.service and the service are checked, too', async (t) => {
    const agent = await testAgent(t);
    const env = {
      DD_SERVICE: 'app',
      DD_TRACE_SPAN_ATTRIBUTE_SCHEMA: 'v1',
      DD_TRACE_PEER_SERVICE_DEFAULTS_ENABLED: 'true',
    };
    const said = Object.entries(env).map((pair) => pair.join('='));
    const front = await addHeader(t, agent.url, 'X-Datadog-Trace-Env-Variables', said.join(','));
    const stage = await createStage(t);
    await stage.run('keepspan', 'apm-services.mjs', [], { DD_TRACE_AGENT_URL: front, ...NO_POLICY, ...env });
    assert.equal(await agent.failures(), '');
    await assertChecked(agent, ['trace_count_header', 'trace_peer_service', 'trace_dd_service']);
  });

  it('pass, and nothing is lost, when the agent stalls over each request', async (t) => {
    const agent = await testAgent(t, { stallMs: 700 });
    const stage = await createStage(t);
    const ended = await stage.run('keepspan', 'apm-services.mjs', [], {
      DD_TRACE_AGENT_URL: agent.url,
      ...NO_POLICY,
    });
    assert.equal(await agent.failures(), '');
    await assertChecked(agent, ['trace_stall', 'trace_count_header']);
    await assertAllThere(agent, ended, false);
  });

  it('fail on what is wrong: the receiver can tell', async (t) => {
    const agent = await testAgent(t);
    const headers = { 'Content-Type': 'application/msgpack', 'X-Datadog-Trace-Count': '7' };
    const body = Buffer.from([0x91, 0x90]);
    const answer = await fetch(`${agent.url}/v0.4/traces`, { method: 'PUT', headers, body });
    assert.equal(answer.status, 400);
    const failures = await agent.failures();
    assert.match(failures, /Check 'trace_count_header' failed/);
    assert.match(failures, /Check 'meta_tracer_version_header' failed/);
  });
});

/** Of those that apply, each has passed; none has failed. */
async function assertChecked(
  agent: ApmTestAgent,
  applying: readonly (typeof APM_CHECKS)[number][],
): Promise<void> {
  const summary = await agent.summary();
  for (const check of APM_CHECKS) assert.equal(summary[check]?.Failed_Checks ?? 0, 0, check);
  for (const check of applying) assert.ok((summary[check]?.Passed_Checks ?? 0) > 0, `${check} was not run`);
}

interface MadeByServices {
  readonly requests: number;
  readonly probes: number;
  readonly llm: number;
  readonly evaluations: number;
}

async function assertAllThere(agent: ApmTestAgent, ended: Ended, thinned: boolean): Promise<void> {
  const made = reported<MadeByServices>(ended, 'made');
  const kept = await agent.requests();
  const roots = tracesOf(kept).map(({ spans }) => spans[0]!.name);
  const count = (name: string): number => roots.filter((root) => root === name).length;
  assert.equal(count('request'), made.requests);
  assert.equal(count('kafka.consume'), thinned ? 0 : made.probes);
  const { llmSpans, evaluations } = contentsOf(kept.filter(({ path }) => SIGNALS.test(path)));
  assert.equal(llmSpans.split('"event_type":"span"').length - 1, made.llm);
  assert.equal(evaluations.split('"label"').length - 1, made.evaluations);
}

const isNoise = ([root]: TraceBytes['spans']): boolean => root!.name === 'kafka.consume';
const concatenated = (traces: readonly TraceBytes[]): Buffer =>
  Buffer.concat(traces.map(({ bytes }) => bytes));

/**
 * Of each path the headers that say something about the content; lengths and counts go with the boundaries.
 * Evaluations of either kind share requests and come without the container's name: nothing is tagged by it.
 */
function headersByPath(kept: readonly KeptRequest[]): Record<string, Record<string, string>> {
  const container = /^datadog-(?:container-id|entity-id|external-env)$/i;
  const dynamic = /^(?:host|connection|content-length|x-datadog-trace-count|x-keepspan-batch)$/i;
  return Object.fromEntries(
    kept.map(({ path, headers }) => [
      path,
      Object.fromEntries(
        Object.entries(headers)
          .map(([name, value]): [string, string] => [name.toLowerCase(), value])
          .filter(([name]) => !dynamic.test(name))
          .filter(([name]) => !path.endsWith('/eval-metric') || !container.test(name))
          .toSorted(([a], [b]) => (a < b ? -1 : 1)),
      ),
    ]),
  );
}

/** A proxy that adds one header and changes nothing else. */
async function addHeader(t: TestContext, to: string, name: string, value: string): Promise<string> {
  const { hostname, port } = new URL(to);
  const server = createServer((request, response) => {
    const headers = { ...request.headers, [name]: value };
    const onwards = http.request(
      { hostname, port, path: request.url, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      },
    );
    onwards.on('error', () => response.destroy());
    request.pipe(onwards);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
