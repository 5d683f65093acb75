/** `unknown`: it could not be found out; neither good nor bad. `not-applicable`: the question does not arise here. */
export type CheckStatus = 'pass' | 'fail' | 'warn' | 'unknown' | 'not-applicable';

/** Where a finding is. */
export interface CheckLocation {
  /** Relative to the project. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

export interface CheckResult {
  readonly status: CheckStatus;
  /** What was seen, each as one line. */
  readonly evidence: readonly string[];
  /** Instead of the check's general fix. */
  readonly fix?: string | undefined;
  readonly at?: CheckLocation | undefined;
}

/** A file as it is and as it should be; undefined `before`: it is not there. */
export interface FileEdit {
  /** Relative to the project. */
  readonly file: string;
  readonly before: string;
  readonly after: string;
}

/** `KS-AREA-NNN`, never reused; no code of a warning has it. */
export type CheckId = `KS-${string}-${string}`;

/**
 * One line of the operational checklist, executed. `run` looks and says what it saw; it changes nothing, needs no
 * network beyond what the context offers, and may throw: then its status is `unknown` and the error the reason.
 */
export interface Check<Context> {
  readonly id: CheckId;
  /** Name on the command line, and of its folder. */
  readonly slug: string;
  /** The finding, as a sentence that is true when the check fails. */
  readonly title: string;
  /** What it looks at: the files of a project, the start of the real process, or either. */
  readonly target: 'project' | 'process' | 'both';
  /** What happens to those who are not checked. */
  readonly rationale: string;
  /** How it looks, and what it therefore cannot see. */
  readonly how: string;
  readonly fix: string;
  /** Where this was measured or is written. */
  readonly source: string;
  readonly run: (context: Context) => CheckResult | Promise<CheckResult>;
  /** Edits that mend it, where that is safe without knowing more. Called when `run` has found something. */
  readonly mend?: ((context: Context) => readonly FileEdit[]) | undefined;
}

/** A check with its outcome. */
export interface CheckOutcome extends CheckResult {
  readonly id: CheckId;
  readonly slug: string;
  readonly title: string;
  readonly docs: string;
  readonly fixable: boolean;
  readonly durationMs: number;
}
