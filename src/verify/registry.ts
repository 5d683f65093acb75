import type { VerifyCheck } from './check.ts';
import { evaluations, healthAbsent, llmSpans, startRecord, tracesArrive } from './checks/arrivals.ts';
import { gatedEvaluations, importsDegrade } from './checks/degraded.ts';
import { flushOrder, killLoss, shutdownLoss } from './checks/interruption.ts';
import { logIds, logLinks, quietLibraries } from './checks/logs.ts';
import { pollNoise } from './checks/noise.ts';

/** Every check of `keepspan verify`, by its id. An id is never reused. */
export const VERIFY_CHECKS: readonly VerifyCheck[] = [
  startRecord,
  tracesArrive,
  llmSpans,
  evaluations,
  logIds,
  logLinks,
  shutdownLoss,
  killLoss,
  flushOrder,
  pollNoise,
  healthAbsent,
  quietLibraries,
  gatedEvaluations,
  importsDegrade,
];
