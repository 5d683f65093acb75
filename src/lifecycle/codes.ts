/** One warning of the lifecycle. Codes are never reused. */
export interface LifecycleWarning {
  readonly message: string;
  readonly fix: string;
}

/** Every warning the lifecycle can give, each with its fix. */
export const LIFECYCLE_CODES = {
  'KS-LIFECYCLE-001': {
    message: 'manage() does not recognise this resource; it will not be closed at shutdown',
    fix: "say how it closes: onShutdown('pools', 'name', () => resource.yourCloseMethod())",
  },
  'KS-LIFECYCLE-002': {
    message: 'registered after the last phase that closes resources; it will not be closed',
    fix: 'register resources when they are created, not while the process shuts down',
  },
  'KS-LIFECYCLE-003': {
    message: 'too many resources are registered; this one will not be closed at shutdown',
    fix: 'manage long-lived resources only, and call what onShutdown() returns when one is closed earlier',
  },
  'KS-LIFECYCLE-004': {
    message: 'invalid argument',
    fix: "onShutdown('announce' | 'consumers' | 'producers' | 'pools', name, fn, { timeoutMs? })",
  },
  'KS-LIFECYCLE-005': {
    message: 'the shutdown could not be completed or recorded',
    fix: 'this is a fault in keepspan; please report it with the message above',
  },
} as const satisfies Record<string, LifecycleWarning>;

/** A code of {@link LIFECYCLE_CODES}. */
export type LifecycleCode = keyof typeof LIFECYCLE_CODES;

/** The text of a warning: what happened, to what, and the fix. */
export function warningText(code: LifecycleCode, subject: string): string {
  const { message, fix } = LIFECYCLE_CODES[code];
  return `${message} (${subject}). Fix: ${fix}`;
}
