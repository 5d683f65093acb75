import type { SignalKind } from '../../contracts/signal.ts';
import { SIGNAL_KINDS } from '../../kernel/signals.ts';
import type { PageContent } from './page.ts';
import type { SentCounts } from './tally.ts';

/** One reason why signals did not arrive, and what changes it. */
export interface Loss {
  readonly kind: SignalKind;
  /** `overflow`, `answered 503`, `no answer: ECONNREFUSED`, `unsent at exit`, `killed`. */
  readonly reason: string;
  readonly signals: number;
  readonly fix: string;
}

/** One kind of signal, as it was seen from outside. */
export interface ObservedKind {
  /** Finished in the service, counted there. */
  readonly created: number;
  /** Acknowledged by the Agent, counted on the way to it. */
  readonly acknowledged: number;
  /** Left out by the service's own decision: a discard rule, a span processor. */
  readonly dropped: number;
  /** In the tracer's buffers or on the way; 0 once the service has ended. */
  readonly inTransit: number;
  readonly lost: number;
  /** Sent past the Agent, straight to Datadog, where it cannot be seen from here. */
  readonly unobserved: number;
}

export interface ObserveReport {
  readonly kinds: Readonly<Record<SignalKind, ObservedKind>>;
  readonly losses: readonly Loss[];
  /** What makes the counts less than they seem; empty is good. */
  readonly notes: readonly string[];
}

export interface ReportInput {
  readonly pages: readonly PageContent[];
  readonly sent: (kind: SignalKind) => SentCounts;
  /** The service has ended and nothing is on its way any more. */
  readonly ended: boolean;
  /** LLM spans and evaluations go to Datadog without the Agent. */
  readonly agentless: boolean;
  /** Requests that could not be read. */
  readonly unreadable: number;
  /** Whether anything at all came to our address, or there was no time for it. */
  readonly reached: boolean;
}

const FIXES = {
  overflow:
    "keepspan run takes each one into its journal as it finishes: the tracer's buffer of 1,000 is not used",
  answered: 'keepspan run sends a refused batch again until it is taken, from disk',
  'no answer': 'keepspan run keeps what was not acknowledged on disk and sends it when the Agent is back',
  'unsent at exit':
    'keepspan run takes what the tracer holds into its journal at every exit, process.exit included',
  killed:
    'keepspan run has LLM spans and evaluations on disk before a signal can end the process, and says how many spans it took',
} as const;

/** What became of everything, with the fix for each loss. */
export function observeReport(input: ReportInput): ObserveReport {
  const losses: Loss[] = [];
  const kinds = Object.fromEntries(SIGNAL_KINDS.map((kind) => [kind, ofKind(kind, input, losses)]));
  return { kinds: kinds as Record<SignalKind, ObservedKind>, losses, notes: notesOf(input) };
}

/** Signals lost, of every kind. */
export function lostIn({ losses }: ObserveReport): number {
  return losses.reduce((sum, { signals }) => sum + signals, 0);
}

function ofKind(kind: SignalKind, input: ReportInput, losses: Loss[]): ObservedKind {
  const count = (pages: readonly PageContent[], event: string): number =>
    pages.reduce(
      (sum, { counts }) => sum + ((counts as Readonly<Record<string, number>>)[`${kind}.${event}`] ?? 0),
      0,
    );
  const created = count(input.pages, 'created');
  const dropped = count(input.pages, 'discarded') + count(input.pages, 'processor');
  const overflow = count(input.pages, 'overflow');
  const { acknowledged, refused, unanswered, inFlight } = input.sent(kind);
  const lose = (reason: string, signals: number, fix: string): number => {
    if (signals > 0) losses.push({ kind, reason, signals, fix });
    return signals;
  };
  let lost = lose('overflow', overflow, FIXES.overflow);
  for (const [status, n] of Object.entries(refused)) lost += lose(`answered ${status}`, n, FIXES.answered);
  // While the service runs, the tracer may yet repeat a request that failed.
  const failed = sum(unanswered);
  if (input.ended)
    for (const [code, n] of Object.entries(unanswered))
      lost += lose(`no answer: ${code}`, n, FIXES['no answer']);
  if (input.ended) lost += lose('no answer', inFlight, FIXES['no answer']);
  const left = created - dropped - overflow - acknowledged - sum(refused) - failed - inFlight;
  const held = Math.max(0, left);
  if (kind !== 'spans' && input.agentless)
    return { created, acknowledged, dropped, inTransit: 0, lost, unobserved: held };
  if (!input.ended)
    return { created, acknowledged, dropped, inTransit: held + failed + inFlight, lost, unobserved: 0 };
  const killed = Math.min(
    held,
    count(
      input.pages.filter((page) => !page.ended),
      'created',
    ),
  );
  lost += lose('killed', killed, FIXES.killed);
  lost += lose('unsent at exit', held - killed, FIXES['unsent at exit']);
  return { created, acknowledged, dropped, inTransit: 0, lost, unobserved: 0 };
}

function notesOf({ pages, sent, agentless, unreadable, reached, ended }: ReportInput): string[] {
  const notes: string[] = [];
  const created = pages.reduce((total, { counts }) => total + counts['spans.created'], 0);
  if (pages.length === 0 && ended)
    notes.push('no Node process of the service was reached: is the command a Node application?');
  else if (created === 0 && ended)
    notes.push('nothing was created: is dd-trace loaded, and was there any work?');
  if (created > 0 && !reached && ended) {
    notes.push(
      'the tracer sent nothing to the address it was given; when the code sets one itself (tracer.init({ url })), what it sends is not seen',
    );
  }
  if (agentless)
    notes.push(
      'LLM spans and evaluations go to Datadog without the Agent: whether they arrive cannot be seen from here',
    );
  if (!ended) notes.push(...unansweredNote(sent));
  if (unreadable > 0) notes.push(`${unreadable} requests could not be read; their signals are in no count`);
  return notes;
}

/** While the service runs: whether the tracer repeats a request that had no answer, only its end tells. */
function unansweredNote(sent: ReportInput['sent']): string[] {
  const counts = SIGNAL_KINDS.map((kind) => sent(kind).unanswered);
  const signals = counts.reduce((total, unanswered) => total + sum(unanswered), 0);
  const codes = [...new Set(counts.flatMap((unanswered) => Object.keys(unanswered)))];
  if (signals === 0) return [];
  return [`no answer to ${signals} signals (${codes.join(', ')}): lost, unless the tracer sends them again`];
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, n) => total + n, 0);
}
