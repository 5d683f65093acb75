import { join } from 'node:path';
import type { Round, RoundCost } from '../programs/llm-spans.ts';
import { observedEnvironment, type Side } from './observed.ts';
import { startProgram, withAgent, withFolder } from './programs.ts';

export interface Turns {
  readonly subject: readonly RoundCost[];
  readonly alternative: readonly RoundCost[];
}

/**
 * Plays the same round under Keepspan and under plain dd-trace, in turns, each in a process of its own. Who goes first
 * changes each time; the first two rounds warm up and are not counted.
 *
 * @param plainFlushMs how often plain dd-trace is flushed; 0 leaves it to its own timers
 */
export function takeTurns(rounds: number, round: Round, plainFlushMs: number): Promise<Turns> {
  return withFolder((folder) =>
    withAgent(async (agentUrl) => {
      const start = async (side: Side) => {
        const env = observedEnvironment(side, agentUrl, join(folder, 'journal'));
        const program = startProgram('llm-spans.ts', [side, String(plainFlushMs)], env);
        await program.heard();
        return program;
      };
      const subject = await start('keepspan');
      const alternative = await start('plain');
      try {
        const costs = { subject: [] as RoundCost[], alternative: [] as RoundCost[] };
        const play = {
          subject: () => subject.ask<RoundCost>(round),
          alternative: () => alternative.ask<RoundCost>(round),
        };
        for (let i = -WARM_UP; i < rounds; i++) {
          const order =
            i % 2 === 0 ? (['subject', 'alternative'] as const) : (['alternative', 'subject'] as const);
          for (const side of order) {
            const cost = await play[side]();
            if (i >= 0) costs[side].push(cost);
          }
        }
        return costs;
      } finally {
        await Promise.all([subject.stop(), alternative.stop()]);
      }
    }),
  );
}

const WARM_UP = 2;
