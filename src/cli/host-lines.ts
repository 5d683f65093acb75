import type { UpstreamState } from '../contracts/delivery.ts';
import type { CheckStatus } from '../contracts/check.ts';
import { markOf } from '../checks/report/marks.ts';
import { CODES } from '../selfmetrics/codes.ts';
import { setRecordSink } from '../selfmetrics/stderr.ts';
import { wantsColor } from '../settings/terminal.ts';
import { fold } from './fold.ts';

/** The part of a terminal that is needed. */
export interface LineStream {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

type Record = Readonly<globalThis.Record<string, unknown>>;

const TABLE: Readonly<globalThis.Record<string, { readonly severity: string } | undefined>> = CODES;

/** Fields of a record that a line has in another place, or that only a machine reads. */
const NOT_SHOWN = new Set(['level', 'time', 'msg', 'code', 'fix', 'docs', 'site', 'why']);

/** Said once for an upstream, by `state`, not once for each kind of signal. */
const SAID_BY_STATE = 'KS-DELIVERY-001';

/** What a host of delivery says to a person: each change once, in words. */
export class HostLines {
  readonly #name: string;
  readonly #stream: LineStream;
  readonly #color: boolean;
  /** By upstream: what it answers, and to which kinds of signal. */
  readonly #troubles = new Map<string, { readonly what: string; readonly kinds: Set<string> }>();

  /** @param name of the command, as it stands before each line */
  constructor(name: string, stream: LineStream) {
    this.#name = name;
    this.#stream = stream;
    this.#color = wantsColor(stream);
  }

  say(status: CheckStatus, text: string, fix?: string): void {
    this.#write(status, `${this.#name}: ${text}`, fix);
  }

  /** Whether upstream takes what is sent: said when it ceases to, when a person must do something, and when it does again. */
  state({ kind, status, httpStatus, error }: UpstreamState, upstream: string): void {
    const before = this.#troubles.get(upstream);
    if (status !== 'held' && status !== 'retrying') {
      if (before === undefined || !before.kinds.delete(kind) || before.kinds.size > 0) return;
      this.#troubles.delete(upstream);
      this.say('pass', `${upstream} takes what is sent again`);
      return;
    }
    const answer =
      httpStatus === undefined ? `does not answer (${error ?? ''})` : `answers HTTP ${httpStatus}`;
    // What passes by itself has many faces: refused, reset, 503.
    const what = status === 'retrying' ? status : answer;
    const kinds = before?.kinds ?? new Set();
    kinds.add(kind);
    this.#troubles.set(upstream, { what, kinds });
    if (before?.what === what) return;
    if (status === 'retrying') this.say('warn', `${upstream} ${answer}; everything waits in the journal`);
    else
      this.say(
        'fail',
        `${upstream} ${answer} and does not take what is sent; it is held in the journal`,
        CODES[SAID_BY_STATE].fix,
      );
  }

  /** Has warnings and records of this process written as lines, too. @returns what puts them back */
  takeRecords(): () => void {
    return setRecordSink((record) => {
      this.#record(record);
      return true;
    });
  }

  #record(record: Record): void {
    const { code, msg, fix } = record;
    if (code === SAID_BY_STATE) return;
    const fields = Object.entries(record).filter(([name]) => !NOT_SHOWN.has(name));
    const found = fields.map(([name, value]) => `${name} ${shown(value)}`).join(', ');
    const why = typeof record['why'] === 'string' ? `: ${record['why']}` : '';
    const text = `${typeof code === 'string' ? `${code}  ` : `${this.#name}: `}${shown(msg)}${why}`;
    this.#write(statusOf(code), text, typeof fix === 'string' ? fix : undefined, found);
  }

  #write(status: CheckStatus, text: string, fix?: string, found = ''): void {
    const lines = [
      `${markOf(status, this.#color)} ${text}`,
      ...(found === '' ? [] : [`    found  ${found}`]),
      ...(fix === undefined ? [] : [`    fix    ${fix}`]),
    ];
    this.#stream.write(`${fold(lines.join('\n'), this.#stream)}\n`);
  }
}

function statusOf(code: unknown): CheckStatus {
  const severity = typeof code === 'string' ? TABLE[code]?.severity : 'info';
  return severity === 'error' ? 'fail' : severity === 'warning' ? 'warn' : 'not-applicable';
}

function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
