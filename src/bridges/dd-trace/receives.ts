import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** Published by dd-trace's AWS SDK instrumentation when a request is done, before its plugin ends the span. */
const CHANNEL = 'apm:aws:request:complete:sqs';

interface Completed {
  readonly request?: { readonly operation?: string };
  /** SDK v3 spreads the output here, v2 has it under `data`. */
  readonly response?: { readonly Messages?: unknown; readonly data?: { readonly Messages?: unknown } };
  readonly currentStore?: { readonly span?: { setTag?(key: string, value: unknown): unknown } };
}

/**
 * Writes on the span of an SQS receive how many messages it returned, in the name of the OpenTelemetry conventions.
 * dd-trace 6.21 itself says nothing of it (a second span, `aws.response`, exists where a message carries a trace), so
 * a receive that brought work looks like an empty one.
 *
 * Subscribe before the tracer is initialised: its plugin ends the span in its own subscription to the same channel.
 *
 * @returns uninstall
 */
export function countReceivedMessages(): () => void {
  subscribe(CHANNEL, note);
  return () => {
    unsubscribe(CHANNEL, note);
  };
}

function note(message: unknown): void {
  const { request, response, currentStore } = message as Completed;
  if (request?.operation !== 'receiveMessage') return;
  const messages = response?.Messages ?? response?.data?.Messages;
  const count = Array.isArray(messages) ? messages.length : 0;
  currentStore?.span?.setTag?.('messaging.batch.message_count', count);
}
