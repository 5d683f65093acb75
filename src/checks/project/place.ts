/** A line of a file. */
export interface Place {
  /** Relative to the project. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** A variable and who sets it. */
export interface Variable {
  readonly name: string;
  readonly value: string;
  /** `environment`, or `file:line`. */
  readonly from: string;
  readonly at?: Place | undefined;
}

/** The line of a text in which a character stands. */
export function placeAt(file: string, text: string, index: number): Place {
  const start = text.lastIndexOf('\n', index - 1) + 1;
  const end = text.indexOf('\n', index);
  return {
    file,
    line: text.slice(0, index).split('\n').length,
    text: text.slice(start, end < 0 ? undefined : end),
  };
}
