import { rawFields, wrapField, type RawField } from './fields.ts';

// The same numbers in trace/v1 (ResourceSpans, ScopeSpans) and logs/v1 (ResourceLogs, ScopeLogs).
const RESOURCE_ITEMS = 1;
const SCOPE_ITEMS = 2;
const ITEMS = 2;

type Scopes = Map<string, { readonly head: readonly Uint8Array[]; readonly items: Uint8Array[] }>;

/**
 * Export requests, of spans or of log records, as one in which a resource and a scope stand once, however many items
 * they have. Items keep their bytes and, within a scope, their order.
 */
export class Regrouping {
  readonly #groups = new Map<string, { readonly head: readonly Uint8Array[]; readonly scopes: Scopes }>();
  #bytes = 0;

  /** About what the request will have; an item's own bytes and each resource and scope once. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds a request.
   *
   * @returns the items in it
   * @throws Error when it is malformed; then nothing of it was added
   */
  add(request: Buffer): number {
    const read = readRequest(request);
    let items = 0;
    for (const { head, scopes } of read) {
      const group = this.#entry(this.#groups, head, () => ({
        head: wholes(head),
        scopes: new Map() as Scopes,
      }));
      for (const scope of scopes) {
        const entry = this.#entry(group.scopes, scope.head, () => ({ head: wholes(scope.head), items: [] }));
        for (const { whole } of scope.items) {
          entry.items.push(whole);
          this.#bytes += whole.length;
          items += 1;
        }
      }
    }
    return items;
  }

  /** The one request. */
  toBuffer(): Buffer {
    const parts: Uint8Array[] = [];
    for (const { head, scopes } of this.#groups.values()) {
      const inner: Uint8Array[] = [...head];
      for (const scope of scopes.values())
        inner.push(...wrapField(SCOPE_ITEMS, [...scope.head, ...scope.items]));
      parts.push(...wrapField(RESOURCE_ITEMS, inner));
    }
    return Buffer.concat(parts);
  }

  /** Groups are told apart by the bytes of everything but their items. */
  #entry<T>(map: Map<string, T>, head: readonly RawField[], make: () => T): T {
    const key = head.map(({ whole }) => whole.toString('latin1')).join('');
    let entry = map.get(key);
    if (entry === undefined) {
      entry = make();
      map.set(key, entry);
      this.#bytes += key.length;
    }
    return entry;
  }
}

/**
 * The items of a request, each as a request of its own.
 *
 * @throws Error when it is malformed
 */
export function splitRequest(request: Buffer): readonly Buffer[] {
  return readRequest(request).flatMap(({ head, scopes }) =>
    scopes.flatMap((scope) =>
      scope.items.map((item) => {
        const inner = wrapField(SCOPE_ITEMS, [...wholes(scope.head), item.whole]);
        return Buffer.concat(wrapField(RESOURCE_ITEMS, [...wholes(head), ...inner]));
      }),
    ),
  );
}

interface ReadScope {
  readonly head: readonly RawField[];
  readonly items: readonly RawField[];
}

function readRequest(
  request: Buffer,
): { readonly head: readonly RawField[]; readonly scopes: ReadScope[] }[] {
  return messages(rawFields(request), RESOURCE_ITEMS).map((group) => {
    const fields = rawFields(group);
    return {
      head: fields.filter(({ number }) => number !== SCOPE_ITEMS),
      scopes: messages(fields, SCOPE_ITEMS).map((scope) => {
        const inner = rawFields(scope);
        return {
          head: inner.filter(({ number }) => number !== ITEMS),
          items: inner.filter(({ number }) => number === ITEMS),
        };
      }),
    };
  });
}

function messages(fields: readonly RawField[], wanted: number): Buffer[] {
  return fields.flatMap(({ number, content }) =>
    number === wanted && content !== undefined ? [content] : [],
  );
}

function wholes(fields: readonly RawField[]): readonly Uint8Array[] {
  return fields.map(({ whole }) => whole);
}
