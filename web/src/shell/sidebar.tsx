import type { JSX } from 'preact';
import { firing } from '../data/live.ts';
import { theme, type Theme } from '../data/theme.ts';
import type { Page } from '../lib/routes.ts';
import { Icon, type IconName } from '../ui/icon.tsx';

const PAGES: readonly (readonly [
  href: string,
  name: string,
  icon: IconName,
  pages: readonly Page['name'][],
])[] = [
  ['/traces', 'Traces', 'traces', ['traces', 'trace']],
  ['/evals', 'Evaluations', 'evals', ['evals', 'eval']],
  ['/ledger', 'Ledger', 'ledger', ['ledger']],
  ['/alerts', 'Alerts', 'alerts', ['alerts']],
  ['/checklist', 'Checklist', 'checklist', ['checklist']],
];

const THEMES: readonly (readonly [Theme, string, IconName])[] = [
  ['light', 'Light', 'sun'],
  ['dark', 'Dark', 'moon'],
  ['system', 'As the system', 'system'],
];

export function Sidebar({
  current,
  onHelp,
}: {
  readonly current: Page['name'];
  readonly onHelp: () => void;
}): JSX.Element {
  return (
    <nav class="sidebar" aria-label="Pages">
      <a class="brand" href="/traces" aria-label="Keepspan workbench">
        <svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">
          <rect width="24" height="24" rx="6" />
          <path d="M6 7h9v2.4H6zM8.5 10.8H18v2.4H8.5zM11 14.6h5V17h-5z" />
        </svg>
        <span>Keepspan</span>
      </a>
      <ul>
        {PAGES.map(([href, name, icon, pages]) => (
          <li key={href}>
            <a href={href} aria-current={pages.includes(current) ? 'page' : undefined} title={name}>
              <Icon name={icon} />
              <span>{name}</span>
              {href === '/alerts' && (firing.value ?? 0) > 0 && (
                <b class="firing-count" title="firing">
                  {firing.value}
                  <span class="visually-hidden"> firing</span>
                </b>
              )}
            </a>
          </li>
        ))}
      </ul>
      <div class="sidebar-foot">
        <div class="themes" role="group" aria-label="Theme">
          {THEMES.map(([name, text, icon]) => (
            <button
              key={name}
              type="button"
              aria-pressed={theme.value === name}
              title={text}
              onClick={() => (theme.value = name)}
            >
              <Icon name={icon} />
              <span class="visually-hidden">{text}</span>
            </button>
          ))}
        </div>
        <button type="button" class="icon-button" title="Keys and search (?)" onClick={onHelp}>
          <Icon name="help" />
          <span class="visually-hidden">Help</span>
        </button>
      </div>
    </nav>
  );
}
