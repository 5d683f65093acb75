import { setTimeout as pause } from 'node:timers/promises';

/** Waits until the condition holds, at most `timeoutMs`; whether it does. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  intervalMs = 25,
): Promise<boolean> {
  const endMs = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= endMs) return false;
    await pause(intervalMs);
  }
}
