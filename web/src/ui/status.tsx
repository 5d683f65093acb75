import type { JSX } from 'preact';
import { Icon, type IconName } from './icon.tsx';

export type Tone = 'good' | 'bad' | 'warn' | 'quiet';

const KNOWN: Readonly<
  Record<string, { readonly icon: IconName; readonly tone: Tone; readonly text: string }>
> = {
  ok: { icon: 'ok', tone: 'good', text: 'OK' },
  error: { icon: 'error', tone: 'bad', text: 'Error' },
  pass: { icon: 'ok', tone: 'good', text: 'Pass' },
  fail: { icon: 'error', tone: 'bad', text: 'Fail' },
  warn: { icon: 'warn', tone: 'warn', text: 'Warning' },
  unknown: { icon: 'unknown', tone: 'warn', text: 'Unknown' },
  'not-applicable': { icon: 'none', tone: 'quiet', text: 'Not applicable' },
  firing: { icon: 'alerts', tone: 'bad', text: 'Firing' },
  pending: { icon: 'pending', tone: 'warn', text: 'Pending' },
  quiet: { icon: 'ok', tone: 'good', text: 'Quiet' },
  'no-data': { icon: 'unknown', tone: 'warn', text: 'No data' },
  running: { icon: 'play', tone: 'good', text: 'Running' },
  clean: { icon: 'ok', tone: 'quiet', text: 'Ended' },
  killed: { icon: 'error', tone: 'bad', text: 'Killed' },
};

/** A status by picture, colour and word: each says it alone. */
export function Status({ of, text }: { readonly of: string; readonly text?: string }): JSX.Element {
  const { icon, tone, text: word } = KNOWN[of] ?? { icon: 'unknown', tone: 'quiet', text: of };
  return (
    <span class={`status ${tone}`}>
      <Icon name={icon} />
      <span>{text ?? word}</span>
    </span>
  );
}
