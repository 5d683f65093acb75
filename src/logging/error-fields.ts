const MAX_CAUSES = 3;

/**
 * What is logged of an error: its type, message, stack, code, status and causes. Not its other properties: clients
 * hang the whole request on it, with its headers and the prompt.
 */
export function errorFields(error: Error, depth = 0): Readonly<Record<string, unknown>> {
  const { code, status, statusCode } = error as { code?: unknown; status?: unknown; statusCode?: unknown };
  const { cause } = error;
  return {
    type: error.constructor?.name ?? error.name,
    message: error.message,
    stack: error.stack,
    ...(isShort(code) ? { code } : {}),
    ...(isShort(status) ? { status } : isShort(statusCode) ? { status: statusCode } : {}),
    ...(cause instanceof Error && depth < MAX_CAUSES ? { cause: errorFields(cause, depth + 1) } : {}),
  };
}

function isShort(value: unknown): value is string | number {
  return typeof value === 'number' || (typeof value === 'string' && value.length <= 100);
}
