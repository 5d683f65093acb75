import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from '../ui/icon.tsx';

const KEYS: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
  [
    'Anywhere',
    [
      ['?', 'This help'],
      ['/', 'To the search'],
      ['Esc', 'Close what is open'],
    ],
  ],
  [
    'Traces',
    [
      ['J  K', 'Peek at the next, the previous trace'],
      ['Enter', 'Open the trace that is peeked at'],
      ['Click a value', 'Only traces with it; with Shift: all but those'],
    ],
  ],
  [
    'Waterfall',
    [
      ['↑  ↓', 'Row by row; Page Up and Page Down by screens'],
      ['←  →', 'Fold and unfold; to the parent, to the first child'],
      ['Home  End', 'First and last row'],
      ['N  P', 'Next and previous match of the search'],
      ['Enter', 'To the details of the span'],
    ],
  ],
];

const SEARCH: readonly (readonly [string, string])[] = [
  ['extract', 'a word in a name, a resource or a service'],
  ['service:api', 'also name, resource, model, kind; a beginning: name:http.*'],
  ['status:error', 'or status:ok'],
  ['-service:api', 'everything else'],
  ['tag.env:staging', 'a tag of a span'],
  ['duration:>100ms', 'also tokens:>1000, spans:>10, errors:>0, llm:>0'],
  ['4a1f…', 'an id in any notation'],
];

export function Help({ onClose }: { readonly onClose: () => void }): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={onClose}>
      <header>
        <h2 id="help-title">Keys and search</h2>
        <button type="button" class="icon-button" title="Close" onClick={() => dialog.current?.close()}>
          <Icon name="close" />
          <span class="visually-hidden">Close</span>
        </button>
      </header>
      <div class="help-columns">
        <div>
          {KEYS.map(([title, keys]) => (
            <section key={title}>
              <h3>{title}</h3>
              <dl>
                {keys.map(([key, what]) => (
                  <div key={key}>
                    <dt>
                      {key.split('  ').map((one) => (
                        <kbd key={one}>{one}</kbd>
                      ))}
                    </dt>
                    <dd>{what}</dd>
                  </div>
                ))}
              </dl>
            </section>
          ))}
        </div>
        <section>
          <h3>Search of traces</h3>
          <dl>
            {SEARCH.map(([term, what]) => (
              <div key={term}>
                <dt>
                  <code>{term}</code>
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </dialog>
  );
}
