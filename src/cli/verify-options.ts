import { InvalidArgumentError } from 'commander';

/** What `keepspan verify` was given. */
export interface VerifyOptions {
  readonly request?: readonly string[];
  readonly script?: string;
  readonly wait?: boolean;
  readonly rounds: number;
  readonly url?: string;
  readonly health?: string;
  readonly dir: string;
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly list?: boolean;
  readonly verbose?: boolean;
  readonly json?: boolean;
  readonly reporter?: string;
  readonly failOn: 'warn' | 'error' | 'never';
  readonly keep?: boolean;
  readonly to?: string;
  readonly startTimeoutMs: number;
  readonly color: boolean;
}

const MAX_ROUNDS = 10_000;
const MAX_TIMEOUT_MS = 600_000;

export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

export function roundsOf(text: string): number {
  return whole(text, MAX_ROUNDS);
}

export function timeoutOf(text: string): number {
  return whole(text, MAX_TIMEOUT_MS);
}

export function reporterOf(text: string): string {
  if (['json', 'junit', 'text'].includes(text)) return text;
  throw new InvalidArgumentError('it is none of text, json, junit');
}

export function levelOf(text: string): string {
  if (['warn', 'error', 'never'].includes(text)) return text;
  throw new InvalidArgumentError('it is none of warn, error, never');
}

export function urlOf(text: string): string {
  if (URL.canParse(text) && /^https?:/.test(text)) return text;
  throw new InvalidArgumentError('it is no URL of http or https');
}

export function pathOf(text: string): string {
  if (text.startsWith('/')) return text;
  throw new InvalidArgumentError('it is no path');
}

function whole(text: string, max: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new InvalidArgumentError(`it is no whole number from 1 to ${max}`);
}
