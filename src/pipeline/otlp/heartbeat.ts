import { randomBytes } from 'node:crypto';
import { hrTime } from '../../wire/otlp/hr-time.ts';
import type { ReadableSpan } from '../../wire/otlp/readable-span.ts';
import { VERSION } from '../version.ts';

const SCOPE = { name: 'keepspan', version: VERSION };

/**
 * A trace of one span, `keepspan.heartbeat`, which is no LLM work. It is handed to custody as it is: no provider is
 * asked, whose sampler and processors are the application's.
 *
 * @param attributes of the resource
 */
export function heartbeatSpan(attributes: Readonly<Record<string, string>>): ReadableSpan {
  const now = hrTime(Date.now());
  const context = {
    traceId: randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    traceFlags: 1,
  };
  return {
    name: 'keepspan.heartbeat',
    kind: 0,
    startTime: now,
    endTime: now,
    status: { code: 0 },
    attributes: {},
    events: [],
    links: [],
    resource: { attributes },
    instrumentationScope: SCOPE,
    spanContext: () => context,
  };
}
