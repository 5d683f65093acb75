import { found, pass, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-ENV-001',
  slug: 'settings-sanity',
  title: 'Settings are misspelt, out of range, or contradict each other',
  target: 'both',
  rationale:
    'A value that is not understood is the default, and a name that nobody reads does nothing: neither stops the service.',
  how: 'What `keepspan config check` finds in this environment, the project’s configuration file and its deployment files.',
  fix: '`keepspan config check` explains each; docs/reference/settings.md has what is accepted',
  source: 'docs/guides/settings.md',
  run({ problems }) {
    const bad = problems.filter(({ severity }) => severity !== 'info');
    if (bad.length === 0) return pass(`${problems.length} remarks`);
    const worst = bad.some(({ severity }) => severity === 'error') ? 'fail' : 'warn';
    return found(
      worst,
      bad.map(({ code, variable, value, why }) => `${code} ${variable} ${value}: ${why}`),
      bad[0]?.fix,
    );
  },
};
