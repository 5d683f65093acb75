import { fieldsOf, numberOf, textOf } from '../lib/fields.ts';

/** Why an answer did not come, with the code that docs/reference/codes.md explains. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  /** 0: no answer at all. */
  readonly status: number;
  readonly body: unknown;

  constructor(code: string, status: number, message: string, body?: unknown) {
    super(message);
    this.code = code;
    this.status = status;
    this.body = body;
  }

  /** Where in a search the mistake is. */
  get position(): number | undefined {
    return numberOf(fieldsOf(this.body)['position']);
  }
}

const UNREACHABLE = 'KS-UI-001';
const REFUSED = 'KS-UI-002';
const FAILED = 'KS-UI-003';

async function bodyOf(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    // An answer that is not JSON is said by its status.
    return undefined;
  }
}

/**
 * Asks the workbench's API.
 *
 * @throws ApiError; the signal's reason when it was aborted
 */
export async function getJson<T>(href: string, signal?: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(href, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw new ApiError(UNREACHABLE, 0, `the workbench does not answer (${(error as Error).message})`);
  }
  const body = await bodyOf(response);
  signal?.throwIfAborted();
  if (response.ok && body !== undefined) return body as T;
  const said = textOf(fieldsOf(body)['error']) || `HTTP ${response.status}`;
  throw new ApiError(response.status >= 500 ? FAILED : REFUSED, response.status, said, body);
}

/** Any error as ours. */
export const asApiError = (error: unknown): ApiError =>
  error instanceof ApiError
    ? error
    : new ApiError(FAILED, 0, error instanceof Error ? error.message : String(error));
