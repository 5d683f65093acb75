const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);

export type Fields = Readonly<Record<string, unknown>>;

/** A plain object, as msgpack and JSON give them. */
export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

/** Sets a key that comes from outside; `__proto__` becomes an ordinary property. */
export function put(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[key] = value;
  }
}

/** A 64-bit id as 16 hex digits; '' for zero or nothing; undefined when it is not an integer. */
export function idHex(value: unknown): string | undefined {
  if (value === 0 || value === 0n || value === undefined || value === null) return '';
  if (typeof value === 'bigint') return BigInt.asUintN(64, value).toString(16).padStart(16, '0');
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) {
    return value.toString(16).padStart(16, '0');
  }
  return undefined;
}

/** An integer inside ±2^53; larger magnitudes are clamped, since they are only shown. Undefined when it is none. */
export function clampInteger(value: unknown): number | undefined {
  if (typeof value === 'bigint') {
    if (value > MAX_SAFE) return Number.MAX_SAFE_INTEGER;
    return value < -MAX_SAFE ? -Number.MAX_SAFE_INTEGER : Number(value);
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Math.trunc(value)));
}

/** Nanoseconds since the epoch as whole microseconds, which fit a number; undefined when it is no integer. */
export function microseconds(nanoseconds: unknown): number | undefined {
  if (typeof nanoseconds === 'bigint') return clampInteger(nanoseconds / 1000n);
  return typeof nanoseconds === 'number' && Number.isFinite(nanoseconds)
    ? clampInteger(nanoseconds / 1000)
    : undefined;
}

/** What JSON can hold: large integers as decimal strings, bytes as base64, NaN and infinities by name. */
export function toJsonValue(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return value <= MAX_SAFE && value >= -MAX_SAFE ? Number(value) : value.toString();
  }
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (isFields(value)) {
    const out: Record<string, unknown> = {};
    for (const key of Object.keys(value)) put(out, key, toJsonValue(value[key]));
    return out;
  }
  return value;
}
