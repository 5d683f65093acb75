import type { JSX } from 'preact';

/** Outlines on a grid of 16, drawn with the colour of the text. */
const PATHS = {
  traces: 'M2 3.5h8M4 8h9M6 12.5h6',
  evals: 'M2.5 13.5v-4M6.2 13.5v-8M9.8 13.5v-6M13.5 13.5v-11',
  ledger: 'M3 2.5h10v11H3zM6 2.5v11M8.5 6h2.5M8.5 9h2.5',
  alerts: 'M8 2a4 4 0 0 1 4 4v3l1.5 2.5h-11L4 9V6a4 4 0 0 1 4-4zM6.5 13.8h3',
  checklist: 'M2.5 4l1.2 1.2L6 3M2.5 9l1.2 1.2L6 8M8.5 4.2h5M8.5 9.2h5M8.5 13.2h5M2.5 13.2h3',
  ok: 'M3.5 8.5l3 3 6-7',
  error: 'M4 4l8 8M12 4l-8 8',
  warn: 'M8 2.5l6 10.5H2zM8 6.5v3M8 11.3v.2',
  unknown: 'M5.5 6a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.4v.2',
  none: 'M4 8h8',
  pending: 'M8 4.5V8l2.3 1.5M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3.5l7.5 4.5L5 12.5z',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9zM10.5 10.5l3 3',
  close: 'M4 4l8 8M12 4l-8 8',
  right: 'M6 3.5L10.5 8 6 12.5',
  down: 'M3.5 6L8 10.5 12.5 6',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  link: 'M6.5 9.5l3-3M7 4.5l1.5-1.5a3 3 0 0 1 4.3 4.3L11.5 8.8M9 11.5L7.5 13a3 3 0 0 1-4.3-4.3L4.5 7.2',
  sun: 'M8 10.8a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.6zM8 1.5v1.3M8 13.2v1.3M1.5 8h1.3M13.2 8h1.3M3.4 3.4l.9.9M11.7 11.7l.9.9M12.6 3.4l-.9.9M4.3 11.7l-.9.9',
  moon: 'M13 9.6A5.5 5.5 0 0 1 6.4 3 5.5 5.5 0 1 0 13 9.6z',
  system: 'M2.5 3h11v7.5h-11zM6 13.3h4',
  columns: 'M2.5 3h11v10h-11zM6.2 3v10M9.8 3v10',
  out: 'M6 3.5H3v9.5h9.5V10M9 3h4v4M13 3L7.5 8.5',
  table: 'M2.5 3.5h11v9h-11zM2.5 6.5h11M6.5 6.5v6',
  help: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12zM6.3 6.4a1.8 1.8 0 1 1 2.6 1.6c-.6.3-.9.7-.9 1.3M8 11.3v.1',
  lost: 'M8 2.5v7M5 7l3 3 3-3M3 13.5h10',
} as const;

export type IconName = keyof typeof PATHS;

/** A picture beside a text that says the same: hidden from assistive technology. */
export function Icon({
  name,
  class: className = '',
}: {
  readonly name: IconName;
  readonly class?: string;
}): JSX.Element {
  return (
    <svg class={`icon ${className}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
