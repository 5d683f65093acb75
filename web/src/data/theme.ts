import { effect, signal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
const KEY = 'keepspan-theme';
const THEMES = ['system', 'light', 'dark'] as const;

function stored(): Theme {
  try {
    return THEMES.find((theme) => theme === localStorage.getItem(KEY)) ?? 'system';
  } catch {
    // Storage can be forbidden; the choice then lasts as long as the page.
    return 'system';
  }
}

export const theme = signal<Theme>(stored());

/** Puts the theme on the document, and remembers it. Returns the uninstaller. */
export function installTheme(): () => void {
  return effect(() => {
    const chosen = theme.value;
    if (chosen === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = chosen;
    try {
      localStorage.setItem(KEY, chosen);
    } catch {
      // As above.
    }
  });
}
