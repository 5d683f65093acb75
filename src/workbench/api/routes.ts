import type { Route } from '../http/route.ts';
import type { Intake } from '../intake/accept.ts';
import { takeLogLines } from '../intake/datadog.ts';
import { checklistRoute } from './checklist.ts';
import { type HouseContext, houseRoutes, JournalView } from './house.ts';
import { listRoutes } from './lists.ts';
import type { Live } from './live.ts';
import { traceRoutes } from './traces.ts';
import { transferRoutes } from './transfer.ts';

/** The JSON API, described in docs/openapi.yaml. */
export function apiRoutes(
  context: HouseContext,
  intake: Intake,
  live: Pick<Live, 'route'>,
): readonly Route[] {
  const journal = new JournalView(context.journal, context.clock);
  return [
    ...houseRoutes(context, journal),
    ...traceRoutes(context.store, () => journal.sampledOut()),
    ...listRoutes(context.store, takeLogLines(intake)),
    ...transferRoutes(intake),
    checklistRoute(intake, context.checklist),
    live.route,
  ];
}
