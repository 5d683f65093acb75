import type { SpanRowJson } from '../../../src/workbench/api/types.ts';
import { fieldsOf, isFields, textOf } from './fields.ts';

/** Why a span failed, in one sentence: what its error says, and of which type it is. '' when nothing says. */
export function failureOf(span: SpanRowJson | null, event: unknown): string {
  const detail = fieldsOf(span?.detail);
  const error = fieldsOf(fieldsOf(fieldsOf(event)['meta'])['error']);
  const meta = fieldsOf(detail['meta']);
  const attributes = fieldsOf(detail['attributes']);
  const exception = exceptionOf(detail['events']);
  const first = (...values: readonly unknown[]): string =>
    values.map(textOf).find((text) => text !== '') ?? '';
  const message = first(
    meta['error.message'],
    meta['error.msg'],
    error['message'],
    error['error.message'],
    exception['exception.message'],
    detail['statusMessage'],
  );
  const type = first(
    meta['error.type'],
    error['type'],
    error['error.type'],
    exception['exception.type'],
    attributes['error.type'],
  );
  if (message === '') return type;
  return type === '' || message.includes(type) ? message : `${type}: ${message}`;
}

/** Attributes of the event by which OpenTelemetry records an exception. */
function exceptionOf(events: unknown): Readonly<Record<string, unknown>> {
  const found = Array.isArray(events)
    ? events.findLast((event: unknown) => isFields(event) && event['name'] === 'exception')
    : undefined;
  return fieldsOf(fieldsOf(found)['attributes']);
}
