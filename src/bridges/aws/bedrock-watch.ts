import { channel, subscribe, unsubscribe } from 'node:diagnostics_channel';

const LOADED = 'tracing:module.require:end';
const INSTRUMENTED = 'dd-trace:instrumentation:load';
/** Whoever makes spans of Bedrock calls listens here. */
const REQUESTS = 'apm:aws:request:start:bedrockruntime';
const CLIENT = /(?:^|[\\/])@aws-sdk[\\/]client-bedrock-runtime(?:[\\/]|$)/;
/** The packages whose `Client.send` dd-trace wraps, of which the client has one. */
const HOSTS = ['@smithy/core', '@smithy/smithy-client', '@aws-sdk/smithy-client'];

/**
 * Verifies that calls to Bedrock will make spans as soon as the application loads the client. Node has no
 * `patch(botocore=True)`: dd-trace instruments as a library is loaded, unless somebody switched that off, loaded it
 * before, or has a version that it does not know; and then it says nothing. To be put in place before the tracer is
 * initialised.
 *
 * @param onMissing - told once, with why
 * @returns uninstall
 */
export function watchBedrock(onMissing: (why: string) => void): () => void {
  const hosts = new Set<unknown>();
  let isOver = false;
  const onInstrumented = (message: unknown) => {
    const { name } = message as { readonly name?: unknown };
    if (HOSTS.includes(String(name))) hosts.add(name);
  };
  const onLoaded = (message: unknown) => {
    const { id, result } = message as { readonly id?: unknown; readonly result?: unknown };
    if (isOver || typeof id !== 'string' || !CLIENT.test(id) || result === undefined) return;
    stop();
    // The tracer enables its integration in the same turn, after the library was loaded.
    setImmediate(() => {
      if (hosts.size === 0) onMissing('the AWS SDK was not instrumented when it was loaded');
      else if (!channel(REQUESTS).hasSubscribers) onMissing('the integration of the AWS SDK is switched off');
    }).unref();
  };
  const stop = () => {
    if (isOver) return;
    isOver = true;
    unsubscribe(LOADED, onLoaded);
    unsubscribe(INSTRUMENTED, onInstrumented);
  };
  subscribe(INSTRUMENTED, onInstrumented);
  subscribe(LOADED, onLoaded);
  return stop;
}
