import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import type { EvaluationRowJson, LlmSpanRowJson, SpanRowJson } from '../../../../src/workbench/api/types.ts';
import { param, setParam } from '../../data/location.ts';
import { useResource } from '../../data/resource.ts';
import { clockTime, cost, count, duration } from '../../lib/format.ts';
import { failureOf } from '../../lib/failure.ts';
import { fieldsOf } from '../../lib/fields.ts';
import { contentOfAttributes, contentOfEvent, isEmpty } from '../../lib/messages.ts';
import type { TreeNode } from '../../lib/tree.ts';
import { Copy, Marked } from '../../ui/controls.tsx';
import { Loading, Problem } from '../../ui/states.tsx';
import { Status } from '../../ui/status.tsx';
import { Attributes, Raw } from './attributes.tsx';
import { ContentView } from './content.tsx';
import { Evaluations } from './evaluations.tsx';
import type { LoadedTrace } from './load.ts';
import { Logs } from './logs.tsx';

/** Answer of `GET /api/traces/{traceId}/spans/{spanId}`. */
interface SpanDetail {
  readonly span: SpanRowJson | null;
  readonly llmSpans: readonly LlmSpanRowJson[];
  readonly evaluations: readonly EvaluationRowJson[];
}

const TABS = ['content', 'attributes', 'evaluations', 'logs', 'raw'] as const;
type Tab = (typeof TABS)[number];
const TAB_NAMES: Readonly<Record<Tab, string>> = {
  content: 'Content',
  attributes: 'Attributes',
  evaluations: 'Evaluations',
  logs: 'Logs',
  raw: 'Raw',
};

/** Everything about one span; its payload is asked for when it is looked at. */
export function Detail({
  traceId,
  trace,
  node,
  nodes,
  find,
  onSelect,
}: {
  readonly traceId: string;
  readonly trace: LoadedTrace;
  readonly node: TreeNode;
  /** All of the trace, by id. */
  readonly nodes: ReadonlyMap<string, TreeNode>;
  readonly find: string;
  readonly onSelect: (id: string) => void;
}): JSX.Element {
  const answer = useResource<SpanDetail>(`/api/traces/${traceId}/spans/${node.id}`);
  const list = useRef<HTMLDivElement>(null);
  const { data } = answer;
  const event = data?.llmSpans[0]?.event;
  const attributes = fieldsOf(fieldsOf(data?.span?.detail)['attributes']);
  const input = event == null ? contentOfAttributes(attributes, 'input') : contentOfEvent(event, 'input');
  const output = event == null ? contentOfAttributes(attributes, 'output') : contentOfEvent(event, 'output');
  const hasContent = !isEmpty(input) || !isEmpty(output) || node.kind !== '';

  const failure = data !== undefined && node.error ? failureOf(data.span, event) : '';
  const evaluations = data?.evaluations ?? [];
  const logs = trace.logs.filter(({ spanId }) => spanId === node.id);
  const counts: Readonly<Record<Tab, number>> = {
    content: 0,
    attributes: 0,
    evaluations: evaluations.length,
    logs: logs.length,
    raw: 0,
  };
  const tabs = TABS.filter((tab) => tab !== 'content' || hasContent);
  const tab = tabs.find((name) => name === param('tab')) ?? tabs[0]!;
  const move = (key: string): void => {
    const at = tabs.indexOf(tab) + (key === 'ArrowRight' ? 1 : -1);
    const next = tabs[(at + tabs.length) % tabs.length]!;
    setParam('tab', next);
    list.current?.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
  };

  return (
    <section class="detail" aria-label={`Details of ${node.name}`}>
      <header class="detail-head">
        <h2>
          {node.kind !== '' && <span class={`kind k-${node.kind}`}>{node.kind}</span>}
          {node.name}
        </h2>
        <Status of={node.error ? 'error' : 'ok'} />
        <p class="soft">
          <span>{duration(node.durationMs)}</span>
          <span>{clockTime(node.startMs, true)}</span>
          {node.service !== '' && <span>{node.service}</span>}
          <span>
            <code>{node.id}</code>
            <Copy text={node.id} label="Copy the span id" />
          </span>
        </p>
        {failure !== '' && (
          <p class="failure bad">
            <Marked text={failure} needle={find} />
          </p>
        )}
        {node.llm !== undefined && <Usage llm={node.llm} />}
      </header>
      <div
        ref={list}
        class="tabs"
        role="tablist"
        aria-label="Details"
        onKeyDown={(pressed) => {
          if (pressed.key === 'ArrowRight' || pressed.key === 'ArrowLeft') move(pressed.key);
        }}
      >
        {tabs.map((name) => (
          <button
            key={name}
            id={`tab-${name}`}
            type="button"
            role="tab"
            aria-selected={name === tab}
            aria-controls="tab-panel"
            tabIndex={name === tab ? 0 : -1}
            onClick={() => setParam('tab', name)}
          >
            {TAB_NAMES[name]}
            {counts[name] > 0 && <span class="badge">{count(counts[name])}</span>}
          </button>
        ))}
      </div>
      <div class="panel" id="tab-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
        {answer.loading && <Loading what="the span" />}
        {answer.error !== undefined && <Problem error={answer.error} retry={answer.refresh} />}
        {data !== undefined && tab === 'content' && (
          <ContentView input={input} output={output} node={node} find={find} />
        )}
        {data !== undefined && tab === 'attributes' && (
          <Attributes span={data.span} event={event} find={find} />
        )}
        {data !== undefined && tab === 'evaluations' && (
          <Evaluations
            rows={evaluations}
            all={trace.evaluations}
            node={node}
            nodes={nodes}
            onSelect={onSelect}
          />
        )}
        {tab === 'logs' && (
          <Logs logs={trace.logs} total={trace.logCount} spanId={node.id} find={find} onSelect={onSelect} />
        )}
        {data !== undefined && tab === 'raw' && <Raw value={data} />}
      </div>
    </section>
  );
}

function Usage({ llm }: { readonly llm: LlmSpanRowJson }): JSX.Element | null {
  const { model, provider, inputTokens, outputTokens, totalTokens, costUsd, kind } = llm;
  const priced = kind === 'llm' || kind === 'embedding';
  if (model === '' && totalTokens === null && !priced) return null;
  const tokens = (value: number | null): string => (value === null ? '–' : count(value));
  return (
    <dl class="figures small">
      {model !== '' && (
        <div>
          <dt>Model</dt>
          <dd>
            {model}
            {provider !== '' && provider !== 'unknown' && <small class="soft">{provider}</small>}
          </dd>
        </div>
      )}
      <div>
        <dt>Input</dt>
        <dd>{tokens(inputTokens)}</dd>
      </div>
      <div>
        <dt>Output</dt>
        <dd>{tokens(outputTokens)}</dd>
      </div>
      <div>
        <dt>Tokens</dt>
        <dd>{tokens(totalTokens)}</dd>
      </div>
      {priced && (
        <div>
          <dt>Cost</dt>
          <dd>
            {cost(costUsd)}
            {costUsd !== null && <small class="soft">as sent</small>}
          </dd>
        </div>
      )}
    </dl>
  );
}
