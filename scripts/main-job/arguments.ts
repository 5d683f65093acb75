import { parseArgs } from 'node:util';

export interface MainJobArguments {
  /** End after the report, although there is a terminal that could keep the UI. */
  readonly once: boolean;
  /** Where the report goes as JSON. */
  readonly reportFile: string | undefined;
  readonly help: boolean;
}

export const USAGE = `npm start -- [--once] [--report FILE]

Runs the reference service over real documents and through four drills (steady, SIGTERM, SIGKILL, outage)
and compares Keepspan's ledger with what an independent receiver counted.

  --once         end after the report; without it the UI stays up until Ctrl-C (on a terminal)
  --report FILE  write the report as JSON as well
  --help         this text

Set OPENAI_BASE_URL, OPENAI_API_KEY and EXTRACTION_MODEL to use a real model instead of the stand-in.
Exit code: 0 all accounted for, 1 findings, 2 could not run.
`;

/** Throws a TypeError with a message for people when it does not understand the arguments. */
export function readArguments(argv: readonly string[]): MainJobArguments {
  const { values } = parseArgs({
    args: [...argv],
    options: { once: { type: 'boolean' }, report: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
  });
  return { once: values.once === true, reportFile: values.report, help: values.help === true };
}
