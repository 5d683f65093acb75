import assert from 'node:assert/strict';
import type { KindLedger } from '../../../src/contracts/ledger.ts';
import type { LedgerDocument, Site } from './site.ts';

/** How many of each kind a program made. */
export interface Made {
  readonly spans: number;
  readonly llmSpans: number;
  readonly evaluations: number;
}

export const KINDS = ['spans', 'llmSpans', 'evaluations'] as const;

/** `count` of each kind as the programs make them: an LLM span is an APM span, too. */
export function made(count: number): Made {
  return { spans: 2 * count, llmSpans: count, evaluations: count };
}

/**
 * Nothing is left and nothing was lost: the ledger balances, and the Agent has got as many different ones as were
 * made. What arrived twice was foretold.
 */
export async function assertAllArrived(
  site: Site,
  expected: Made,
  maxTwiceShare = Infinity,
): Promise<LedgerDocument> {
  const document = await site.ledger();
  for (const kind of KINDS) {
    const count = expected[kind];
    assert.deepEqual(document.ledger[kind], { ...BALANCED, created: count, delivered: count }, kind);
  }
  assertArrivals(site, expected, document, maxTwiceShare);
  return document;
}

/**
 * After a SIGKILL: no LLM span and no evaluation is lost; spans that the tracer had not released are lost, by name
 * and by number. `created` bounds what the program made, from both sides where only that is known.
 */
export async function assertOnlyUnreleasedLost(
  site: Site,
  atLeast: Made,
  atMost: Made = atLeast,
): Promise<void> {
  const document = await site.ledger();
  const { spans, llmSpans, evaluations } = document.ledger;
  const killed = spans.lost['killed'] ?? 0;
  const lost = killed === 0 ? {} : { killed };
  assert.deepEqual(
    spans,
    { ...BALANCED, created: spans.created, delivered: spans.created - killed, lost },
    'spans',
  );
  for (const ledger of [llmSpans, evaluations]) {
    assert.deepEqual(ledger, { ...BALANCED, created: ledger.created, delivered: ledger.created });
  }
  for (const kind of KINDS) {
    const { created } = document.ledger[kind];
    assert.ok(
      created >= atLeast[kind] && created <= atMost[kind],
      `${kind}: ${created} created of ${atLeast[kind]} to ${atMost[kind]} made`,
    );
  }
  assertArrivals(
    site,
    { spans: spans.delivered, llmSpans: llmSpans.created, evaluations: evaluations.created },
    document,
    Infinity,
  );
}

function assertArrivals(
  site: Site,
  expected: Made,
  { maybeTwice }: LedgerDocument,
  maxTwiceShare: number,
): void {
  const counts = site.agent.arrivals.counts();
  assert.deepEqual(site.agent.arrivals.errors(), []);
  const unique = {
    spans: counts.spans.unique,
    llmSpans: counts.llmSpans.unique,
    evaluations: counts.evaluations.unique,
  };
  assert.deepEqual(unique, expected);
  const twice = KINDS.reduce((sum, kind) => sum + counts[kind].duplicates, 0);
  assert.ok(twice <= maybeTwice, `${twice} arrived twice, ${maybeTwice} were said to`);
  const total = KINDS.reduce((sum, kind) => sum + unique[kind], 0);
  assert.ok(twice <= total * maxTwiceShare, `${twice} of ${total} arrived twice`);
}

/** A kind of which nothing happened but delivery. */
export const BALANCED: KindLedger = {
  created: 0,
  delivered: 0,
  pending: 0,
  atRisk: 0,
  sampledOut: 0,
  dropped: {},
  lost: {},
  inTransit: 0,
  unobserved: 0,
  unaccounted: 0,
};
