import type { JSX } from 'preact';
import { setParam, param } from '../../data/location.ts';
import { cost, count, dateTime, duration, plural } from '../../lib/format.ts';
import type { Tree, TreeNode } from '../../lib/tree.ts';
import { Copy } from '../../ui/controls.tsx';
import { Icon } from '../../ui/icon.tsx';
import { Status } from '../../ui/status.tsx';
import type { Found } from './find.ts';
import type { LoadedTrace } from './load.ts';

/** What the whole trace is, and the search inside it. */
export function TraceHead({
  traceId,
  trace,
  tree,
  found,
  matches,
  active,
  onStep,
}: {
  readonly traceId: string;
  readonly trace: LoadedTrace;
  readonly tree: Tree;
  readonly found: Found;
  readonly matches: readonly TreeNode[];
  readonly active: TreeNode | undefined;
  readonly onStep: (by: 1 | -1) => void;
}): JSX.Element {
  const { summary } = trace;
  const root = tree.roots[0];
  const errors = summary?.errors ?? trace.spans.filter(({ error }) => error).length;
  const tokens = summary?.tokens ?? null;
  return (
    <header class="trace-head">
      <div class="trace-title">
        <a class="crumb" href="/traces">
          Traces
        </a>
        <h1>{summary?.name ?? root?.name ?? 'Trace'}</h1>
        <Status of={errors > 0 ? 'error' : 'ok'} {...(errors > 0 ? { text: plural(errors, 'error') } : {})} />
      </div>
      <p class="trace-id soft">
        <code>{traceId}</code>
        <Copy text={traceId} label="Copy the trace id" />
        <span>{dateTime(tree.startMs)}</span>
        {(summary?.service ?? '') !== '' && <span>{summary?.service}</span>}
        {!trace.complete && <span role="status">loading… {count(trace.spans.length)} spans so far</span>}
      </p>
      <dl class="figures">
        <Figure name="Duration" value={duration(tree.endMs - tree.startMs)} />
        <Figure
          name="Spans"
          value={count(trace.spans.length)}
          note={summary !== null && summary.evictedSpans > 0 ? `${count(summary.evictedSpans)} evicted` : ''}
        />
        <Figure name="LLM spans" value={count(trace.llmSpans.length)} />
        <Figure name="Tokens" value={tokens === null ? '–' : count(tokens)} />
        <Figure
          name="Cost"
          value={trace.llmSpans.length === 0 ? '–' : cost(summary?.costUsd, summary?.costPartial)}
          note={summary?.costPartial === true ? 'some unpriced' : ''}
        />
        <Figure name="Logs" value={count(trace.logCount)} />
      </dl>
      <FindBox found={found} matches={matches} active={active} onStep={onStep} total={trace.spans.length} />
    </header>
  );
}

function Figure({
  name,
  value,
  note = '',
}: {
  readonly name: string;
  readonly value: string;
  readonly note?: string;
}): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value}
        {note !== '' && <small class="warn">{note}</small>}
      </dd>
    </div>
  );
}

function FindBox({
  found,
  matches,
  active,
  onStep,
  total,
}: {
  readonly found: Found;
  readonly matches: readonly TreeNode[];
  readonly active: TreeNode | undefined;
  readonly onStep: (by: 1 | -1) => void;
  readonly total: number;
}): JSX.Element {
  const find = param('find');
  const at = matches.findIndex(({ id }) => id === active?.id);
  const said =
    find === ''
      ? ''
      : `${at === -1 ? '' : `${at + 1} of `}${plural(matches.length, 'match', 'matches')}${
          found.searching ? ` · searching payloads, ${count(found.searched)} of ${count(total)} spans` : ''
        }`;
  return (
    <div class="find">
      <div class="search-box">
        <Icon name="search" />
        <input
          type="text"
          data-search
          value={find}
          placeholder="Find in names, attributes, prompts, logs"
          aria-label="Find in this trace"
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => setParam('find', event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter') onStep(event.shiftKey ? -1 : 1);
            if (event.key === 'Escape') setParam('find', '');
          }}
        />
        <span class="find-said soft" role="status">
          {found.problem === '' ? said : <span class="bad">{found.problem}</span>}
        </span>
      </div>
      <button
        type="button"
        class="icon-button up"
        title="Previous match (P)"
        disabled={matches.length === 0}
        onClick={() => onStep(-1)}
      >
        <Icon name="down" />
        <span class="visually-hidden">Previous match</span>
      </button>
      <button
        type="button"
        class="icon-button"
        title="Next match (N)"
        disabled={matches.length === 0}
        onClick={() => onStep(1)}
      >
        <Icon name="down" />
        <span class="visually-hidden">Next match</span>
      </button>
    </div>
  );
}
