import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { LogRowJson } from '../../../../src/workbench/api/types.ts';
import { clockTime, count, plural } from '../../lib/format.ts';
import { fieldsOf } from '../../lib/fields.ts';
import { prettyJson } from '../../lib/text.ts';
import { Marked, Toggle } from '../../ui/controls.tsx';

/** Log lines of the span, or of the whole trace, in order of time. */
export function Logs({
  logs,
  total,
  spanId,
  find,
  onSelect,
}: {
  readonly logs: readonly LogRowJson[];
  readonly total: number;
  readonly spanId: string;
  readonly find: string;
  readonly onSelect: (id: string) => void;
}): JSX.Element {
  const mine = logs.filter((log) => log.spanId === spanId);
  const [whole, setWhole] = useState(mine.length === 0);
  if (total === 0) {
    return (
      <p class="soft">
        No log line names this trace. Lines come over OTLP, <code>POST /api/logs</code> or Datadog's log
        intake, and need a trace id: <code>keepspan/logging</code> writes it.
      </p>
    );
  }
  const shown = whole ? logs : mine;
  return (
    <>
      <div class="content-bar">
        <Toggle pressed={whole} onChange={setWhole}>
          Whole trace
        </Toggle>
        <span class="soft">
          {plural(mine.length, 'line')} of this span, {count(total)} of the trace
          {logs.length < total && `, the first ${count(logs.length)} shown`}
        </span>
      </div>
      <ol class="logs">
        {shown.map((log) => (
          <li key={log.id} class={`l-${log.level}`}>
            <time>{clockTime(log.timeMs, true)}</time>
            <span class="level">{log.level}</span>
            <span class="log-text">
              <Marked text={log.message} needle={find} />
              <More log={log} />
            </span>
            {whole && log.spanId !== '' && log.spanId !== spanId && (
              <button type="button" class="more" onClick={() => onSelect(log.spanId)}>
                to its span
              </button>
            )}
          </li>
        ))}
      </ol>
    </>
  );
}

/** The ids are known here: they are what brought the line to this trace. */
const KNOWN = new Set(['trace_id', 'span_id', 'traceId', 'spanId', 'dd', 'dd.trace_id', 'dd.span_id']);

function More({ log }: { readonly log: LogRowJson }): JSX.Element | null {
  const rest = Object.entries(fieldsOf(log.attributes)).filter(([name]) => !KNOWN.has(name));
  if (rest.length === 0) return null;
  return (
    <details>
      <summary>fields</summary>
      <pre class="text mono">{prettyJson(Object.fromEntries(rest))}</pre>
    </details>
  );
}
