import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { losses } from './data/live.ts';
import { path } from './data/location.ts';
import { pageOf, type Page } from './lib/routes.ts';
import { AlertsPage } from './pages/alerts.tsx';
import { ChecklistPage } from './pages/checklist.tsx';
import { EvaluationPage } from './pages/evals/evaluation.tsx';
import { EvaluationsPage } from './pages/evals/evaluations.tsx';
import { LedgerPage } from './pages/ledger/ledger.tsx';
import { TracePage } from './pages/trace/trace.tsx';
import { TracesPage } from './pages/traces/traces.tsx';
import { Help } from './shell/help.tsx';
import { Sidebar } from './shell/sidebar.tsx';
import { Strip } from './shell/strip.tsx';
import { Empty, Unreachable } from './ui/states.tsx';

const TITLES: Readonly<Record<Page['name'], string>> = {
  traces: 'Traces',
  trace: 'Trace',
  evals: 'Evaluations',
  eval: 'Evaluation',
  ledger: 'Ledger',
  alerts: 'Alerts',
  checklist: 'Checklist',
  unknown: 'No such page',
};

function View({ page }: { readonly page: Page }): JSX.Element {
  switch (page.name) {
    case 'traces':
      return <TracesPage />;
    case 'trace':
      return <TracePage key={page.traceId} given={page.traceId} />;
    case 'evals':
      return <EvaluationsPage />;
    case 'eval':
      return <EvaluationPage key={page.label} label={page.label} />;
    case 'ledger':
      return <LedgerPage />;
    case 'alerts':
      return <AlertsPage />;
    case 'checklist':
      return <ChecklistPage />;
    case 'unknown':
      return (
        <>
          <h1 class="visually-hidden">No such page</h1>
          <Empty icon="unknown" title="There is no such page">
            <p>
              <a href="/traces">Go to the traces</a>
            </p>
          </Empty>
        </>
      );
  }
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

export function App(): JSX.Element {
  const page = pageOf(path.value);
  const [help, setHelp] = useState(false);
  const lost = losses.value;

  useEffect(() => {
    document.title = `${page.name === 'eval' ? page.label : TITLES[page.name]} · Keepspan`;
  }, [path.value]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (event.key === '?') setHelp(true);
      else if (event.key === '/') {
        event.preventDefault();
        document.querySelector<HTMLInputElement>('[data-search]')?.focus();
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  return (
    <div class="shell">
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Sidebar current={page.name} onHelp={() => setHelp(true)} />
      <Strip />
      <main id="main" tabIndex={-1}>
        <Unreachable />
        {lost !== undefined && lost.notForwarded > 0 && page.name !== 'ledger' && (
          <p class="problem" role="alert">
            Accepted but not forwarded: {lost.notForwarded} requests. <a href="/ledger">See the ledger</a>
          </p>
        )}
        <View page={page} />
      </main>
      {help && <Help onClose={() => setHelp(false)} />}
    </div>
  );
}
