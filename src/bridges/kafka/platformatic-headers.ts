import { headerText } from './platformatic-spans.ts';

/** How a producer wants the headers it is given: as text, or as bytes. */
export type HeaderForm = 'text' | 'bytes';

export type Headers = Map<unknown, unknown> | Record<string, unknown>;

type Serializer = (data: unknown) => unknown;

interface ProducerOptions {
  readonly serializers?: { readonly headerKey?: Serializer; readonly headerValue?: Serializer };
  readonly registry?: unknown;
}

/** clients/base/base.js of @platformatic/kafka 1 and 2: where a client keeps the options it was made with. */
const OPTIONS = 'plt.kafka.base.options';
const PROBE = 'traceparent';

/**
 * Finds out which headers a producer can write, by asking its own serializers: a text that nobody serializes, or that
 * becomes null, would break the message or lose the header.
 *
 * @returns undefined where that cannot be known: then nothing is added to its messages
 */
export function headerFormOf(producer: object): HeaderForm | undefined {
  const symbol = Object.getOwnPropertySymbols(producer).find(({ description }) => description === OPTIONS);
  const options = symbol && (Reflect.get(producer, symbol) as ProducerOptions | undefined);
  if (typeof options !== 'object' || options === null || options.registry !== undefined) return undefined;
  const { headerKey, headerValue } = options.serializers ?? {};
  const takes = (data: unknown): boolean =>
    [headerKey, headerValue].every((serialize) => keeps(serialize, data));
  if (takes(PROBE)) return 'text';
  return takes(Buffer.from(PROBE)) ? 'bytes' : undefined;
}

/** Whether what is written is what was given. Without a serializer bytes are written as they are. */
function keeps(serialize: Serializer | undefined, data: unknown): boolean {
  try {
    const written = serialize === undefined ? data : serialize(data);
    return Buffer.isBuffer(written) && written.toString('utf8') === PROBE;
  } catch {
    return false; // It does not take such data: what was asked.
  }
}

/** New headers: those of the message, then the carrier's, which replace their namesakes. */
export function withCarrier(
  headers: Headers | undefined,
  carrier: Readonly<Record<string, string>>,
  form: HeaderForm,
): Headers {
  const own = headers instanceof Map ? [...headers] : Object.entries(headers ?? {});
  const added = Object.entries(carrier);
  if (form === 'text' && !(headers instanceof Map)) return { ...headers, ...carrier };
  const encode =
    form === 'text' ? (text: string): unknown => text : (text: string): unknown => Buffer.from(text);
  return new Map([
    ...own.filter(([key]) => !Object.hasOwn(carrier, headerText(key) ?? '')),
    ...added.map(([key, value]): [unknown, unknown] => [encode(key), encode(value)]),
  ]);
}
