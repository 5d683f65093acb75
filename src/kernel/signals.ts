import type { SignalKind } from '../contracts/signal.ts';

/** Every kind of signal, least important first: the order in which a full journal gives them up (law L5). */
export const SIGNAL_KINDS = ['spans', 'llmSpans', 'evaluations'] as const satisfies readonly SignalKind[];
