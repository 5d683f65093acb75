import type { JSX } from 'preact';
import type { TracePage, TraceRow } from '../../../../src/workbench/api/types.ts';
import { useResource } from '../../data/resource.ts';
import { cost, count, dateTime, duration, plural, shortId } from '../../lib/format.ts';
import { tracePath } from '../../lib/routes.ts';
import { buildTree, type TreeNode, visibleRows } from '../../lib/tree.ts';
import { Copy } from '../../ui/controls.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Loading, Problem } from '../../ui/states.tsx';
import { Status } from '../../ui/status.tsx';
import type { OnFilter } from './value.tsx';

/** Spans that the peek draws; the trace's own page has all. */
const MOST = 24;

/** A trace beside the list: what it is, its first spans, and its values as filters. */
export function Peek({
  traceId,
  row,
  onClose,
  onFilter,
}: {
  readonly traceId: string;
  readonly row: TraceRow | undefined;
  readonly onClose: () => void;
  readonly onFilter: OnFilter;
}): JSX.Element {
  const answer = useResource<TracePage>(`/api/traces/${traceId}?limit=500`);
  const summary = row ?? answer.data?.summary ?? undefined;
  return (
    <aside class="peek" aria-label="Peek at a trace">
      <header>
        <h2>{summary?.name ?? 'Trace'}</h2>
        <span class="spacer" />
        <a class="button" href={tracePath(traceId)}>
          <Icon name="out" />
          Open
        </a>
        <button type="button" class="icon-button" title="Close (Esc)" onClick={onClose}>
          <Icon name="close" />
          <span class="visually-hidden">Close</span>
        </button>
      </header>
      <p class="peek-id">
        <code>{shortId(traceId)}</code>
        <Copy text={traceId} label="Copy the trace id" />
        {summary !== undefined && <span class="soft">{dateTime(summary.startMs)}</span>}
      </p>
      {summary !== undefined && <Facts row={summary} onFilter={onFilter} />}
      {answer.loading && <Loading what="the trace" />}
      {answer.error !== undefined && <Problem error={answer.error} retry={answer.refresh} />}
      {answer.data !== undefined && <Mini page={answer.data} />}
      <p class="soft keys">
        <kbd>J</kbd> <kbd>K</kbd> next and previous, <kbd>Enter</kbd> opens, <kbd>Esc</kbd> closes
      </p>
    </aside>
  );
}

function Facts({ row, onFilter }: { readonly row: TraceRow; readonly onFilter: OnFilter }): JSX.Element {
  const values: readonly (readonly [string, string])[] = [
    ['service', row.service],
    ['name', row.name],
    ['resource', row.resource],
    ['status', row.status],
  ];
  return (
    <>
      <dl class="figures">
        <div>
          <dt>Duration</dt>
          <dd>{duration(row.durationMs)}</dd>
        </div>
        <div>
          <dt>Spans</dt>
          <dd>{count(row.spans)}</dd>
        </div>
        <div>
          <dt>Tokens</dt>
          <dd>{row.tokens === null ? '–' : count(row.tokens)}</dd>
        </div>
        <div>
          <dt>Cost</dt>
          <dd>{row.costUsd === null && row.llmSpans === 0 ? '–' : cost(row.costUsd, row.costPartial)}</dd>
        </div>
      </dl>
      <table class="facts">
        <caption class="visually-hidden">Values, to filter by</caption>
        <tbody>
          {values
            .filter(([, value]) => value !== '')
            .map(([key, value]) => (
              <tr key={key}>
                <th scope="row">{key}</th>
                <td>{key === 'status' ? <Status of={value} /> : value}</td>
                <td class="fact-filter">
                  <button
                    type="button"
                    title={`Only ${key}:${value}`}
                    onClick={() => onFilter(key, value, false)}
                  >
                    Only
                  </button>
                  <button
                    type="button"
                    title={`All but ${key}:${value}`}
                    onClick={() => onFilter(key, value, true)}
                  >
                    Not
                  </button>
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </>
  );
}

function Mini({ page }: { readonly page: TracePage }): JSX.Element {
  const tree = buildTree(page.spans, page.llmSpans);
  const rows = visibleRows(tree, new Set());
  const total = Math.max(tree.endMs - tree.startMs, 1e-6);
  const place = (node: TreeNode): Record<string, string> => ({
    left: `${((node.startMs - tree.startMs) / total) * 100}%`,
    width: `${Math.max(0.5, (node.durationMs / total) * 100)}%`,
  });
  return (
    <>
      <ol class="mini">
        {rows.slice(0, MOST).map((node) => (
          <li key={node.id}>
            <a
              href={tracePath(page.traceId, node.id)}
              style={{ paddingLeft: `${Math.min(node.depth, 8) * 10}px` }}
            >
              {node.kind !== '' && <span class={`kind k-${node.kind}`}>{node.kind}</span>}
              <span class={node.error ? 'bad' : ''}>{node.name}</span>
            </a>
            <span class="mini-track" aria-hidden="true">
              <span
                class={`span-bar k-${node.kind || 'span'} ${node.error ? 'error' : ''}`}
                style={place(node)}
              />
            </span>
            <span class="num">{duration(node.durationMs)}</span>
          </li>
        ))}
      </ol>
      {rows.length > MOST && (
        <p class="soft">
          and <a href={tracePath(page.traceId)}>{plural(rows.length - MOST, 'more span')}</a>
        </p>
      )}
    </>
  );
}
