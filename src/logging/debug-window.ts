/** A timer that does not keep a process alive. */
type Timer = { unref(): unknown };

export interface DebugWindowInput {
  /** Milliseconds since 1970; undefined: nothing was asked for. */
  readonly untilMs: number | undefined;
  /** How long the toggle lasts. */
  readonly toggleMs: number;
  readonly setDebug: (on: boolean) => void;
  /** Tells of each change, once: `untilMs` while it is on. */
  readonly say: (on: boolean, untilMs?: number) => void;
  readonly now?: () => number;
  readonly setTimer?: (fn: () => void, delayMs: number) => Timer;
  readonly clearTimer?: (timer: Timer) => void;
}

/** Temporary debug: it ends by itself, whoever began it and forgot. */
export interface DebugWindow {
  readonly isOn: () => boolean;
  /** On until that moment; a moment that is over ends it. */
  until(untilMs: number): void;
  /** On for the set time, or off when it is on. What SIGUSR2 does. */
  toggle(): void;
  /** Ends it and takes its timer away. */
  stop(): void;
}

/** setTimeout fires at once past this, which would end it early. */
const MAX_DELAY_MS = 2 ** 31 - 1;

export function createDebugWindow(input: DebugWindowInput): DebugWindow {
  const {
    now = Date.now,
    setTimer = (fn, delayMs) => setTimeout(fn, delayMs),
    clearTimer = (timer) => clearTimeout(timer as NodeJS.Timeout),
  } = input;
  let timer: Timer | undefined;

  const end = () => {
    if (timer === undefined) return;
    clearTimer(timer);
    timer = undefined;
    input.setDebug(false);
    input.say(false);
  };
  const until = (untilMs: number) => {
    const delayMs = Math.min(untilMs - now(), MAX_DELAY_MS);
    if (delayMs <= 0) return end();
    const wasOn = timer !== undefined;
    if (timer !== undefined) clearTimer(timer);
    timer = setTimer(end, delayMs);
    timer.unref();
    if (!wasOn) input.setDebug(true);
    input.say(true, now() + delayMs);
  };
  if (input.untilMs !== undefined) until(input.untilMs);
  return {
    isOn: () => timer !== undefined,
    until,
    toggle: () => (timer === undefined ? until(now() + input.toggleMs) : end()),
    stop: end,
  };
}
