import { diskTrouble } from './cases/disk-trouble.ts';
import { disabledWrapper } from './cases/disabled-wrapper.ts';
import { evaluation } from './cases/evaluation.ts';
import { evaluationHeuristic } from './cases/evaluation-heuristic.ts';
import { exitDrain } from './cases/exit-drain.ts';
import { llmSpan } from './cases/llm-span.ts';
import { loopDelay } from './cases/loop-delay.ts';
import { logging } from './cases/logging.ts';
import { otlpMainThread } from './cases/otlp-main-thread.ts';
import { otlpShutdown } from './cases/otlp-shutdown.ts';
import { recallCall } from './cases/recall-call.ts';
import { samplingMainThread, samplingThroughput } from './cases/sampling.ts';
import { settingsLoad } from './cases/settings-load.ts';
import { start } from './cases/start.ts';
import { tags } from './cases/tags.ts';
import { workbenchIntake } from './cases/workbench-intake.ts';
import { workbenchPages } from './cases/workbench-pages.ts';
import type { BenchCase } from './lib/case.ts';

/** All cases, in the order in which they run. */
export const CASES: readonly BenchCase[] = [
  evaluation,
  recallCall,
  llmSpan,
  disabledWrapper,
  start,
  exitDrain,
  loopDelay,
  diskTrouble,
  logging,
  settingsLoad,
  samplingThroughput,
  samplingMainThread,
  tags,
  otlpMainThread,
  otlpShutdown,
  evaluationHeuristic,
  workbenchIntake,
  workbenchPages,
];
