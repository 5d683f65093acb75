import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { afterEach, test } from 'node:test';
import { context, propagation, trace, ROOT_CONTEXT } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { OtelApi, SpanProcessor, TracerProvider } from '../../../src/bridges/opentelemetry/api.ts';
import { locateApi, type LocatedApi } from '../../../src/bridges/opentelemetry/locate.ts';
import { createProviderSeam } from '../../../src/bridges/opentelemetry/provider.ts';

const require = createRequire(import.meta.url);
const located = locateApi(import.meta.filename, process.cwd())!;

afterEach(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

function seamOf(parts: Partial<Parameters<typeof createProviderSeam>[0]> = {}) {
  const ended: string[] = [];
  const troubles: string[] = [];
  const processor = {
    onStart: () => undefined,
    onEnd: ({ name }: { name: string }) => void ended.push(name),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  } as unknown as SpanProcessor;
  const seam = createProviderSeam({
    located,
    processor,
    byApplication: () => false,
    resource: { 'service.name': 'shop' },
    scope: { name: 'keepspan', version: '1' },
    onTrouble: (trouble) => troubles.push(trouble),
    ...parts,
  });
  const span = (name: string) => seam.tracer().startSpan(name, {}, located.api.context.active()).end();
  return { seam, ended, troubles, span, processor };
}

test('the API is found with its version', () => {
  assert.match(located.version, /^1\.\d+\.\d+$/);
});

test('a provider that is there, one that comes later: each gets the processor once', () => {
  new NodeTracerProvider().register();
  const { seam, ended, span } = seamOf();
  assert.equal(seam.attachment(), 'added');
  trace.getTracer('app').startSpan('theirs').end();
  span('ours');
  assert.deepEqual(ended, ['theirs', 'ours']);
  seam.uninstall();
  trace.getTracer('app').startSpan('after').end();
  assert.equal(ended.length, 2);
});

test('a provider that is registered later is seen without a span of ours', () => {
  const { seam, ended } = seamOf();
  assert.equal(seam.attachment(), 'none');
  new NodeTracerProvider().register();
  assert.equal(seam.attachment(), 'added');
  trace.getTracer('app').startSpan('theirs').end();
  assert.deepEqual(ended, ['theirs']);
  seam.uninstall();
});

test("without one a provider is made that steps aside for the application's own", () => {
  const { seam, ended, span } = seamOf();
  span('first');
  assert.equal(seam.attachment(), 'made');
  assert.match(seam.sdk() ?? '', /^@opentelemetry\/sdk-trace-node@2\./);
  const theirs = new NodeTracerProvider();
  assert.equal(trace.setGlobalTracerProvider(theirs), true, 'the registration is not refused');
  span('second');
  assert.equal(seam.attachment(), 'added');
  assert.deepEqual(ended, ['first', 'second']);
  seam.uninstall();
});

test('the shape of SDK 1.x: the processor is added by its method', () => {
  const added: SpanProcessor[] = [];
  const old = {
    getTracer: () => ({ startSpan: () => ({ end: () => undefined }) }),
    addSpanProcessor: (processor: SpanProcessor) => void added.push(processor),
    shutdown: () => Promise.resolve(),
  };
  trace.setGlobalTracerProvider(old as never);
  const { seam, processor } = seamOf();
  assert.deepEqual(added, [processor]);
  assert.equal(seam.attachment(), 'added');
  seam.uninstall();
});

test('a provider that takes none is left alone and said, once', () => {
  const closed = {
    getTracer: () => ({ startSpan: () => ({ end: () => undefined }) }),
    forceFlush: () => undefined,
  };
  trace.setGlobalTracerProvider(closed as never);
  const { seam, troubles, span } = seamOf();
  span('a');
  span('b');
  assert.deepEqual(troubles, ['refused']);
  assert.equal(seam.attachment(), 'refused');
  seam.uninstall();
});

test("the application's own processor: none of ours is added", () => {
  new NodeTracerProvider().register();
  const { seam, ended } = seamOf({ byApplication: () => true });
  trace.getTracer('app').startSpan('theirs').end();
  assert.deepEqual([seam.attachment(), ended], ['application', []]);
  seam.uninstall();
});

test("no SDK anywhere: said once, and spans of ours are the API's own, which do nothing", () => {
  const bare = Object.assign(
    (name: string): unknown => {
      if (name === '@opentelemetry/api') return require(name);
      throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
    },
    {
      resolve: (name: string): never => {
        throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
      },
    },
  ) as unknown as NodeJS.Require;
  const api = { trace, context, ROOT_CONTEXT } as unknown as OtelApi;
  const without: LocatedApi = { api, copies: [api], version: '1', require: bare };
  const { seam, troubles, span } = seamOf({ located: without });
  span('nothing');
  span('nothing');
  assert.deepEqual([troubles, seam.attachment()], [['missing'], 'missing']);
  const proxy = trace.getTracerProvider() as unknown as TracerProvider;
  seam.uninstall();
  assert.equal(
    Object.hasOwn(proxy, 'setDelegate') && proxy.setDelegate !== Object.getPrototypeOf(proxy).setDelegate,
    false,
  );
});

test('providers that take turns have the processor once each', () => {
  const { seam, ended } = seamOf();
  const [a, b] = [new NodeTracerProvider(), new NodeTracerProvider()];
  for (const provider of [a, b, a, b]) {
    trace.disable();
    (trace.getTracerProvider() as unknown as TracerProvider).setDelegate?.(
      provider as unknown as TracerProvider,
    );
    seam.tracer();
  }
  a.getTracer('app').startSpan('of a').end();
  b.getTracer('app').startSpan('of b').end();
  assert.deepEqual(ended, ['of a', 'of b']);
  seam.uninstall();
});
