interface Statistics {
  forceFlush?(done: () => void): void;
}

/**
 * Has dd-trace send its client-side statistics now: a process that ends would take up to 10 s of them with it. Private
 * knowledge of dd-trace 6: `_tracer._processor._stats`. Where it is not there, or they are off, nothing happens.
 *
 * @returns resolves when the Agent has answered or cannot be reached; never rejects, and may never resolve
 */
export function flushStatistics(tracer: object): Promise<void> {
  const { _tracer } = tracer as {
    readonly _tracer?: { readonly _processor?: { readonly _stats?: Statistics } };
  };
  const statistics = _tracer?._processor?._stats;
  if (typeof statistics?.forceFlush !== 'function') return Promise.resolve();
  return new Promise((resolve) => {
    try {
      statistics.forceFlush?.(resolve);
    } catch {
      resolve(); // Statistics are the tracer's own; a flush goes on without them.
    }
  });
}
