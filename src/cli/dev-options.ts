import { randomBytes } from 'node:crypto';
import type { WorkbenchOptions } from '../workbench/workbench.ts';

/** The options of `keepspan dev` as the command line gives them. */
export interface DevOptions {
  readonly port: string;
  readonly otlpPort: string;
  readonly host: string;
  readonly hostName?: readonly string[];
  readonly token?: string | true;
  readonly intakeKey?: string;
  readonly db?: string;
  readonly maxSize?: string;
  readonly maxAge?: string;
  readonly mask?: boolean;
  readonly forward?: string;
  readonly forwardOtlp?: string;
  readonly journal?: string;
  readonly json?: boolean;
}

const MAX_PORT = 65_535;
const MIN_SECRET_CHARS = 16;

function port(name: string, text: string): number {
  const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value <= MAX_PORT))
    throw new RangeError(`${name} is a port from 0 (any free one) to ${MAX_PORT}, not "${text}"`);
  return value;
}

const BYTES: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const AGES_MS: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 };

function bytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,15})(k|m|g|)(?:i?b)?$/i.exec(text);
  const value = match === null ? 0 : Number(match[1]) * (BYTES[(match[2] ?? '').toLowerCase()] as number);
  if (!(value >= BYTES['m']! && Number.isSafeInteger(value)))
    throw new RangeError(`--max-size is a number of bytes from 1m, as in 512m or 2g, not "${text}"`);
  return value;
}

function age(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d{1,6})([smhd])$/.exec(text);
  const value = match === null ? 0 : Number(match[1]) * (AGES_MS[match[2] as string] as number);
  if (!(value > 0)) throw new RangeError(`--max-age is a time, as in 30m, 12h or 7d, not "${text}"`);
  return value;
}

function url(name: string, text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  const value = URL.canParse(text) ? new URL(text) : undefined;
  if (value === undefined || (value.protocol !== 'http:' && value.protocol !== 'https:'))
    throw new RangeError(`${name} is an http or https URL, not "${text}"`);
  return value;
}

function secret(name: string, text: string | undefined): string | undefined {
  if (text !== undefined && !/^[\x21-\x7e]+$/.test(text))
    throw new RangeError(`${name} is printable ASCII without a blank`);
  if (text !== undefined && text.length < MIN_SECRET_CHARS)
    throw new RangeError(`${name} has at least ${MIN_SECRET_CHARS} characters`);
  return text;
}

/**
 * What the workbench is started with.
 *
 * @throws RangeError that says which option is not understood
 */
export function workbenchOptions(options: DevOptions): WorkbenchOptions {
  const { token, host, hostName, db, mask, journal } = options;
  return {
    port: port('--port', options.port),
    otlpPort: port('--otlp-port', options.otlpPort),
    host,
    hostNames: hostName,
    // A token in the arguments can be read by every user of the machine; without a value it is made here.
    token: token === true ? randomBytes(24).toString('base64url') : secret('--token', token),
    intakeKey: secret('--intake-key', options.intakeKey),
    databaseFile: db,
    maxStoredBytes: bytes(options.maxSize),
    maxAgeMs: age(options.maxAge),
    masked: mask,
    forwardUrl: url('--forward', options.forward),
    forwardOtlpUrl: url('--forward-otlp', options.forwardOtlp),
    journal,
  };
}
