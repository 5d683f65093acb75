import { uint32 } from './scan-values.ts';

/** The four bytes of a text from `at`, as {@link uint32} reads them. */
const four = (text: string, at = 0): number => uint32(Buffer.from(text, 'latin1'), at);

/** The fields of a span that are looked at, a bit each. */
export const Field = {
  none: 0,
  traceId: 1,
  spanId: 2,
  parentId: 4,
  start: 8,
  duration: 16,
  error: 32,
  service: 64,
  name: 128,
  resource: 256,
  meta: 512,
  metrics: 1024,
  type: 2048,
} as const;
/** Without one of these, a span is refused. */
export const NEEDED = Field.traceId | Field.spanId | Field.start | Field.duration;

const NAME = four('name');
const META = four('meta');
const TYPE = four('type');
const STAR = four('star');
const ERRO = four('erro');
const SERV = four('serv');
const SPAN = four('span');
const METR = four('metr');
const TRAC = four('trac');
const RESO = four('reso');
const DURA = four('dura');
const PARE = four('pare');
const VICE = four('service', 3);
const N_ID = four('span_id', 3);
const RICS = four('metrics', 3);
const E_ID = four('trace_id', 4);
const URCE = four('resource', 4);
const TION = four('duration', 4);
const NT_I = four('parent_id', 4);

/** The field whose key stands from `at`, `size` bytes long. */
export function fieldOf(bytes: Uint8Array, at: number, size: number): number {
  if (size < 4 || size > 9) return Field.none;
  const first = uint32(bytes, at);
  if (size === 4)
    return first === NAME
      ? Field.name
      : first === META
        ? Field.meta
        : first === TYPE
          ? Field.type
          : Field.none;
  if (size === 5) {
    const last = bytes[at + 4];
    if (first === STAR && last === 0x74) return Field.start;
    return first === ERRO && last === 0x72 ? Field.error : Field.none;
  }
  if (size === 6) return Field.none;
  if (size === 7) {
    const rest = uint32(bytes, at + 3);
    if (first === SERV && rest === VICE) return Field.service;
    if (first === SPAN && rest === N_ID) return Field.spanId;
    return first === METR && rest === RICS ? Field.metrics : Field.none;
  }
  const rest = uint32(bytes, at + 4);
  if (size === 9)
    return first === PARE && rest === NT_I && bytes[at + 8] === 0x64 ? Field.parentId : Field.none;
  if (first === TRAC && rest === E_ID) return Field.traceId;
  if (first === RESO && rest === URCE) return Field.resource;
  return first === DURA && rest === TION ? Field.duration : Field.none;
}
