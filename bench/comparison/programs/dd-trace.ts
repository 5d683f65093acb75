// dd-trace with LLM Observability, by its public API. Keepspan's row is this file, with its preload before it.
// Tuned: DD_LLMOBS_AGENTLESS_ENABLED=0 (no probing), llmobs.flush() between thousands, and an end that closes every
// handle and lets the process end by itself: the only end at which dd-trace sends what it holds.
import { setImmediate as nextTurn } from 'node:timers/promises';
import tracer from 'dd-trace';
import { live, TEXT } from './life.ts';

const tuned = process.env['COMPARISON_TUNED'] === '1';
const { llmobs } = tracer;
await live(
  {
    span(mark) {
      llmobs.trace({ kind: 'llm', name: 'chat', modelName: 'model', modelProvider: 'provider' }, (span) => {
        llmobs.annotate(span, { inputData: `${mark} ${TEXT}`, outputData: TEXT });
      });
    },
    // It returns nothing that could be awaited: the next thousand waits for a turn of the event loop.
    async flush() {
      llmobs.flush();
      await nextTurn();
    },
  },
  tuned,
);
