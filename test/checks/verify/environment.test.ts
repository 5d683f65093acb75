import assert from 'node:assert/strict';
import { it } from 'node:test';
import { serviceEnvironment } from '../../../src/verify/environment.ts';

const RECEIVER = 'http://127.0.0.1:4321';
const of = (given: Readonly<Record<string, string>>, off = false) =>
  serviceEnvironment(RECEIVER, '/journal', off, given);

it('every address of a stack leads to the receiver, also one that nobody gave', () => {
  assert.equal(of({ KEEPSPAN_STACK: 'otlp' })['OTEL_EXPORTER_OTLP_ENDPOINT'], RECEIVER);
  const vendor = of({ KEEPSPAN_STACK: 'dual', TRACELOOP_API_KEY: 'key' });
  assert.equal(vendor['TRACELOOP_BASE_URL'], RECEIVER);
  const traces = {
    KEEPSPAN_STACK: 'otlp',
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://elsewhere/v1/traces',
  };
  assert.equal(of(traces)['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT'], `${RECEIVER}/v1/traces`);
  assert.equal(of({ KEEPSPAN_STACK: 'datadog' })['TRACELOOP_BASE_URL'], undefined);
});

it('switched off, no stack is named', () => {
  const { KEEPSPAN_STACK: stack, DD_LLMOBS_ENABLED: enabled } = of({ KEEPSPAN_STACK: 'dual' }, true);
  assert.deepEqual([stack, enabled], [undefined, '0']);
});
