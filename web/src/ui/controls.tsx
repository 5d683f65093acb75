import type { ComponentChildren, JSX } from 'preact';
import { useState } from 'preact/hooks';
import { marked } from '../lib/text.ts';
import { Icon, type IconName } from './icon.tsx';

/** A button that stays pressed. */
export function Toggle({
  pressed,
  onChange,
  icon,
  children,
  title,
}: {
  readonly pressed: boolean;
  readonly onChange: (pressed: boolean) => void;
  readonly icon?: IconName;
  readonly children: ComponentChildren;
  readonly title?: string;
}): JSX.Element {
  return (
    <button
      type="button"
      class="button"
      aria-pressed={pressed}
      title={title}
      onClick={() => onChange(!pressed)}
    >
      {icon !== undefined && <Icon name={icon} />}
      {children}
    </button>
  );
}

interface ChoiceProps<Name extends string> {
  readonly label: string;
  readonly value: Name;
  /** With their names. */
  readonly options: readonly (readonly [Name, string])[];
  readonly onChange: (value: Name) => void;
}

/** One of a few. */
export function Choice<Name extends string>({
  label,
  value,
  options,
  onChange,
}: ChoiceProps<Name>): JSX.Element {
  return (
    <div class="choice" role="group" aria-label={label}>
      {options.map(([name, text]) => (
        <button key={name} type="button" aria-pressed={name === value} onClick={() => onChange(name)}>
          {text}
        </button>
      ))}
    </div>
  );
}

export function Select<Name extends string>({
  label,
  value,
  options,
  onChange,
}: ChoiceProps<Name>): JSX.Element {
  return (
    <label class="select">
      <span class="soft">{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value as Name)}>
        {options.map(([name, text]) => (
          <option key={name} value={name} selected={name === value}>
            {text}
          </option>
        ))}
      </select>
      <Icon name="down" />
    </label>
  );
}

const REFUSED = 'Copying is not allowed here';

/** Copies a text; says so for a moment, also to those who do not see it. */
export function Copy({
  text,
  label,
  children,
}: {
  readonly text: string | (() => string);
  readonly label: string;
  readonly children?: ComponentChildren;
}): JSX.Element {
  const [said, setSaid] = useState('');
  const copy = (): void => {
    // Absent where the page is neither on this machine nor over https.
    const clipboard = (navigator as { readonly clipboard?: Clipboard }).clipboard;
    Promise.resolve(clipboard?.writeText(typeof text === 'string' ? text : text()))
      .then(() => setSaid(clipboard === undefined ? REFUSED : 'Copied'))
      .catch(() => setSaid(REFUSED));
    setTimeout(() => setSaid(''), 1500);
  };
  return (
    <button
      type="button"
      class={children === undefined ? 'icon-button' : 'button'}
      title={said === REFUSED ? said : label}
      onClick={copy}
    >
      <Icon name={said === 'Copied' ? 'ok' : said === REFUSED ? 'error' : 'copy'} />
      {children ?? <span class="visually-hidden">{label}</span>}
      <span class="visually-hidden" role="status">
        {said}
      </span>
    </button>
  );
}

/** A line of ours in which names stand between backticks. */
export function WithCode({ text }: { readonly text: string }): JSX.Element {
  return <>{text.split('`').map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>;
}

/** A text with what was searched for marked. */
export function Marked({ text, needle }: { readonly text: string; readonly needle: string }): JSX.Element {
  return (
    <>{marked(text, needle).map((part, i) => (part.hit ? <mark key={i}>{part.text}</mark> : part.text))}</>
  );
}
