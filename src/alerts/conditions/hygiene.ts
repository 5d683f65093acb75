import { type AlertCondition, INTERVAL_MS } from '../condition.ts';
import { count, gauge, PROCESS } from '../datadog-query.ts';
import { growth, highest } from '../promql.ts';
import { AT_ONCE_MS, happened, LAST_MS, MINUTE_MS, stands } from '../reading.ts';

const DEBUG_MS = 60 * MINUTE_MS;

/** Conditions about what costs without being broken. */
export const HYGIENE: readonly AlertCondition[] = [
  {
    id: 'KS-ALERT-012',
    name: 'tag_demoted',
    title: 'A tag has too many values',
    severity: 'warning',
    meaning:
      'Past its limit of distinct values a tag is moved to metadata: searches by it miss the later ones',
    fix: 'take the key out of tags and put it into metadata; KS-TAGS-001 names it',
    metrics: ['tagsDemoted'],
    forMs: 0,
    detectionMs: AT_ONCE_MS,
    holds: happened('tagsDemoted', LAST_MS, (n) => `${n} tags were moved to metadata in the last 10 minutes`),
    monitors: {
      prometheus: `${growth('tagsDemoted', '10m')} > 0 or (${highest('tagsDemoted')} > 0 and ${highest('uptime')} < 600)`,
      datadog: `sum(last_10m):${count('tagsDemoted')} > 0`,
    },
  },
  {
    id: 'KS-ALERT-013',
    name: 'debug_left_on',
    title: 'Debug logging has been on for an hour',
    severity: 'warning',
    meaning: 'It costs log volume, and may show what should not be in logs',
    fix: 'send SIGUSR2, or take KEEPSPAN_DEBUG_UNTIL away',
    metrics: ['debugOn'],
    forMs: DEBUG_MS,
    detectionMs: DEBUG_MS + 2 * INTERVAL_MS,
    holds: stands('debugOn', 1, 'temporary debug logging is on'),
    monitors: {
      prometheus: 'keepspan_debug_on == 1',
      datadog: `min(last_1h):${gauge('max', 'debugOn', PROCESS)} >= 1`,
      requireFullWindow: true,
    },
  },
];
