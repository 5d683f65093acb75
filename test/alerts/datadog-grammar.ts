/** A query for a series: `sum:name{filter} by {tags}.as_count()`. */
export interface Query {
  readonly kind: 'query';
  readonly over: 'sum' | 'max' | 'min' | 'avg';
  readonly metric: string;
  /** Tag and value; a value may end in `*`. */
  readonly filter: readonly (readonly [tag: string, value: string])[];
  readonly by: readonly string[];
  readonly isCount: boolean;
}

export type Expression =
  | Query
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'call'; readonly name: string; readonly of: Expression; readonly argument: number }
  | {
      readonly kind: 'operation';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    };

/** A metric monitor's query. Times are in seconds. */
export interface Monitor {
  readonly over: 'sum' | 'max' | 'min' | 'avg';
  readonly windowS: number;
  /** A change alert in percent against so long ago. */
  readonly shiftS: number | undefined;
  readonly expression: Expression;
  readonly comparison: '<' | '<=' | '>' | '>=';
  readonly threshold: number;
}

const UNITS: Readonly<Record<string, number>> = { m: 60, h: 3600 };
const QUERY = /^(sum|max|min|avg):([a-z_.]+)\{([^}]*)\} by \{([a-z_,]+)\}(\.as_count\(\))?/;
const HEAD =
  /^(?:pct_change\((sum|max|min|avg)\(last_(\d+)([mh])\),last_(\d+)([mh])\)|(sum|max|min|avg)\(last_(\d+)([mh])\)):/;
const TAIL = / (<=|>=|<|>) (-?[\d.]+)$/;

/** Reads the part of Datadog's grammar that our monitors use (docs.datadoghq.com/api/latest/monitors). @throws for any other */
export function readMonitor(text: string): Monitor {
  const head = HEAD.exec(text);
  const tail = TAIL.exec(text);
  if (head === null || tail === null) throw new Error(`no monitor: ${text}`);
  const reader = new Reader(text.slice(head[0].length, -tail[0].length));
  const expression = reader.sum();
  reader.end();
  return {
    over: (head[1] ?? head[6]) as Monitor['over'],
    windowS: Number(head[2] ?? head[7]) * UNITS[head[3] ?? head[8]!]!,
    shiftS: head[4] === undefined ? undefined : Number(head[4]) * UNITS[head[5]!]!,
    expression,
    comparison: tail[1] as Monitor['comparison'],
    threshold: Number(tail[2]),
  };
}

/** Every series' query in an expression. */
export function queriesOf(expression: Expression): Query[] {
  if (expression.kind === 'query') return [expression];
  if (expression.kind === 'number') return [];
  if (expression.kind === 'call') return queriesOf(expression.of);
  return [...queriesOf(expression.left), ...queriesOf(expression.right)];
}

class Reader {
  #rest: string;

  constructor(text: string) {
    this.#rest = text;
  }

  sum(): Expression {
    let left = this.#product();
    for (let found = this.#take(/^ ([+-]) /); found !== undefined; found = this.#take(/^ ([+-]) /))
      left = { kind: 'operation', operator: found[1]!, left, right: this.#product() };
    return left;
  }

  end(): void {
    if (this.#rest !== '') throw new Error(`not read: ${this.#rest}`);
  }

  #product(): Expression {
    let left = this.#factor();
    for (let found = this.#take(/^ ([*/]) /); found !== undefined; found = this.#take(/^ ([*/]) /))
      left = { kind: 'operation', operator: found[1]!, left, right: this.#factor() };
    return left;
  }

  #factor(): Expression {
    const call = this.#take(/^(default_zero|abs|clamp_max)\(/);
    if (call !== undefined) {
      const of = this.sum();
      const argument = Number(this.#take(/^, (\d+)/)?.[1] ?? Number.NaN);
      this.#must(/^\)/);
      return { kind: 'call', name: call[1]!, of, argument };
    }
    if (this.#take(/^\(/) !== undefined) {
      const inner = this.sum();
      this.#must(/^\)/);
      return inner;
    }
    const number = this.#take(/^\d+/);
    if (number !== undefined) return { kind: 'number', value: Number(number[0]) };
    const [, over, metric, filter, by, isCount] = this.#must(QUERY);
    return {
      kind: 'query',
      over: over as Query['over'],
      metric: metric!,
      filter:
        filter === '*' ? [] : filter!.split(',').map((one) => one.split(':') as unknown as [string, string]),
      by: by!.split(','),
      isCount: isCount !== undefined,
    };
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    const found = pattern.exec(this.#rest) ?? undefined;
    if (found !== undefined) this.#rest = this.#rest.slice(found[0].length);
    return found;
  }

  #must(pattern: RegExp): RegExpExecArray {
    const found = this.#take(pattern);
    if (found === undefined) throw new Error(`${String(pattern)} expected at: ${this.#rest}`);
    return found;
  }
}
