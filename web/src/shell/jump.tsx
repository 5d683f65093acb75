import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { ResolvedId } from '../../../src/workbench/api/types.ts';
import { asApiError, getJson } from '../data/client.ts';
import { navigate } from '../data/location.ts';
import { pastedId } from '../lib/ids.ts';
import { tracePath } from '../lib/routes.ts';
import { Icon } from '../ui/icon.tsx';

/** Goes to the trace of an id that was copied from anywhere: a log line, a header, Datadog's page. */
export function Jump(): JSX.Element {
  const [text, setText] = useState('');
  const [problem, setProblem] = useState('');
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const id = pastedId(text);
    if (id === '') return;
    try {
      const { traceId, spanId = '' } = await getJson<ResolvedId>(`/api/resolve?id=${encodeURIComponent(id)}`);
      setText('');
      setProblem('');
      navigate(tracePath(traceId, spanId));
    } catch (error) {
      setProblem(asApiError(error).message);
    }
  };
  return (
    <form class="jump" role="search" aria-label="Go to an id" onSubmit={(event) => void submit(event)}>
      <Icon name="search" />
      <input
        type="text"
        value={text}
        placeholder="Go to a trace or span id"
        aria-label="Go to an id: decimal, 16 or 32 hex digits, or a line that holds one"
        aria-describedby="jump-problem"
        aria-invalid={problem !== ''}
        autocomplete="off"
        spellcheck={false}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setProblem('');
        }}
      />
      <span id="jump-problem" class="jump-problem bad" role="status">
        {problem}
      </span>
    </form>
  );
}
