import { isFields } from '../../wire/datadog/decode-values.ts';
import { WireLimitError } from '../../wire/datadog/decode-error.ts';
import { readBody } from '../http/body.ts';
import { HttpError } from '../http/http-error.ts';
import { parseJson } from '../http/json.ts';
import { type Call, jsonReply, type Reply, type Route } from '../http/route.ts';
import type { Intake } from '../intake/accept.ts';
import type { HouseContext } from './house.ts';
import type { ProvidedRow } from './types.ts';

/** A checklist has a line a row. */
const MAX_ROWS = 200;
const MAX_BODY_BYTES = 512 * 1024;

/**
 * The operational checklist: of who started this workbench, or as `keepspan verify --to` gave it last. In memory alone:
 * what was true before a restart has to be proved again.
 */
export function checklistRoute(intake: Intake, provided: HouseContext['checklist']): Route {
  let given: readonly ProvidedRow[] = [];
  const take = async ({ request }: Call): Promise<Reply> => {
    const body = await readBody(request, Math.min(MAX_BODY_BYTES, intake.maxBodyBytes), intake.budget);
    given = rowsOf(body, intake);
    return jsonReply(202, { accepted: given.length });
  };
  return {
    template: '/api/checklist',
    methods: ['GET', 'POST'],
    handle: async (call) =>
      call.request.method === 'POST'
        ? take(call)
        : jsonReply(200, { checklist: given.length > 0 ? given : ((await provided?.()) ?? []) }),
  };
}

function rowsOf(body: Buffer, { limits }: Intake): readonly ProvidedRow[] {
  let value: unknown;
  try {
    value = parseJson(body, limits, false);
  } catch (error) {
    if (error instanceof WireLimitError) throw new HttpError(413, error.message);
    throw new HttpError(400, (error as Error).message);
  }
  const rows = isFields(value) ? value['checklist'] : undefined;
  if (!Array.isArray(rows) || !rows.every(isFields))
    throw new HttpError(
      400,
      'the body is { checklist: [ { id, section, line, status, evidence, checkedAtMs, fix } ] }',
    );
  if (rows.length > MAX_ROWS) throw new HttpError(413, `a checklist has at most ${MAX_ROWS} lines`);
  return rows;
}
