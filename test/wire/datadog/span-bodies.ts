import { encode, ExtData } from '@msgpack/msgpack';

type Random = () => number;
type Fields = Record<string, unknown>;

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

/** Stand-ins for bytes that no encoder writes, as long as what they become. */
const BROKEN: readonly (readonly [string, readonly number[]])[] = [
  ['@@1', [0xed, 0xa0, 0x80]],
  ['@@2@@2', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ['@3', [0xc1, 0x81]],
  ['@4', [0xff, 0xfe]],
  ['@@5', [0xef, 0xbb, 0xbf]],
];

const TEXTS = [
  '',
  'svc',
  'GET /',
  'Größe',
  '\u{1F600}',
  'a"b\\c',
  'line\nline',
  'x'.repeat(40),
  'SELECT '.repeat(60),
  'ü'.repeat(150),
  '{"k":"v"}',
  ...BROKEN.map(([mark]) => `b${mark}end`),
  `${BROKEN[4]![0]}${'long'.repeat(60)}`,
];

const IDS = [
  1,
  127,
  128,
  40_000,
  4_000_000_000,
  2 ** 40,
  1n,
  0xfedc_ba98_7654_3210n,
  0xffff_ffff_ffff_ffffn,
  0x7fff_ffff_ffff_fff0n,
];
const ODD = [0, 0n, -1, -1n, -40_000n, 1.5, Number.NaN, null, undefined, 'text', true, {}, [], 2n ** 63n];
const STARTS = [
  0,
  999,
  1_000,
  4_294_967_295,
  4_294_967_296n,
  1_763_800_000_123_456_789n,
  2n ** 63n - 1n,
  2n ** 64n - 1n,
  9_007_199_254_740_991n * 1000n + 999n,
];
const DURATIONS = [0, 1, 499, 500, 1_500_000n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n];
const VALUES: readonly unknown[] = [
  ...BROKEN.map(([mark]) => mark),
  ...TEXTS,
  ...ODD,
  5,
  [1, 'two', [3n]],
  { a: { b: [1.5] } },
  new Uint8Array(9),
];
const USUAL_KEYS = ['k', 'http.url', '_dd.p.dm', 'span.kind', 'kü', ''];
const KEYS = [...USUAL_KEYS, 'übersicht', '_dd.p.tid', '_ü', ...TEXTS.slice(-4)];
const TIDS = ['6921a5c000000000', 'ffffffffffffffff', '6921A5C000000000', 'short', '', '6921a5c00000000', 7];

const maybe = (random: Random, odds: number, usual: () => unknown, odd: readonly unknown[] = ODD): unknown =>
  random() < odds ? pick(random, odd) : usual();

function tags(random: Random, odds: number, value: () => unknown, withTid = false): unknown {
  if (random() < odds) return pick(random, ODD);
  const map: Fields = {};
  for (let left = Math.floor(random() * 5); left > 0; left -= 1)
    map[pick(random, random() < odds ? KEYS : USUAL_KEYS)] = maybe(random, odds, value, VALUES);
  if (random() < 0.3 && withTid)
    map['_dd.p.tid'] = maybe(random, odds, () => pick(random, TIDS.slice(0, 2)), TIDS);
  return map;
}

/** A span as tracers send it; with `odds`, some field of it is something else. */
function span(random: Random, traceId: unknown, odds: number): Fields {
  const text = (): unknown => pick(random, TEXTS);
  const fields: Fields = {
    trace_id: maybe(random, odds, () => traceId, [...ODD, ...IDS]),
    span_id: maybe(random, odds, () => pick(random, IDS)),
    parent_id: maybe(random, odds, () => pick(random, [0, 0n, ...IDS, ...IDS])),
    service: maybe(random, odds, text),
    name: maybe(random, odds, text),
    resource: maybe(random, odds, text),
    type: maybe(random, odds, text, VALUES),
    start: maybe(random, odds, () => pick(random, STARTS)),
    duration: maybe(random, odds, () => pick(random, DURATIONS)),
    error: maybe(random, odds, () => pick(random, [0, 0, 1])),
    meta: tags(random, odds, text, true),
    metrics: tags(random, odds, () =>
      pick(random, [0, 1, -5, 1.5, Number.NaN, 2n ** 60n, -1n, Number.POSITIVE_INFINITY]),
    ),
  };
  for (const key of ['span_links', 'span_events', 'meta_struct', 'more'])
    if (random() < 0.15)
      fields[key] = maybe(random, odds, () => [{ a: 'b', c: [pick(random, VALUES)] }], VALUES);
  if (random() < odds) fields['more'] = new ExtData(5, new Uint8Array(3));
  if (random() < odds) fields[pick(random, [...KEYS, 'parent_ix', 'namf', 'erros'])] = pick(random, VALUES);
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  // The order is the sender's, and a field may be missing.
  if (random() < 0.2) entries.reverse();
  if (random() < odds) entries.splice(Math.floor(random() * entries.length), 1);
  return Object.fromEntries(entries);
}

/** Writes what encoders cannot: keys twice, broken text, integers with their sign. */
function broken(random: Random, bytes: Buffer, odds: number): Buffer {
  for (const [mark, becomes] of BROKEN)
    for (let at = bytes.indexOf(mark); at >= 0; at = bytes.indexOf(mark, at + 1))
      Buffer.from(becomes).copy(bytes, at);
  for (const [from, to] of [
    ['namf', 'name'],
    ['erros', 'error'],
    ['parent_ix', 'parent_id'],
    ['_dd.p.dm', '__proto_'],
    ['http.url', '_dd.p.ti'],
    ['span.kind', '__proto__'],
    ['span_link', '__proto__'],
  ] as const) {
    if (random() >= odds) continue;
    const at = bytes.indexOf(from);
    if (at >= 0) bytes.write(to, at, 'latin1');
  }
  // The same number, as writers of signed integers have it.
  for (let at = 0; random() < 0.3 && at < bytes.length; at += 1)
    if (bytes[at] === 0xcf && random() < 0.5 && (bytes[at + 1] ?? 0xff) < 0x80) bytes[at] = 0xd3;
  return bytes;
}

/** A v0.4 payload, of which one in `1 / odds` fields is not as it should be. */
export function spanPayload(random: Random, odds: number): Buffer {
  const traces = Array.from({ length: 1 + Math.floor(random() * 3) }, () => {
    const traceId = pick(random, IDS);
    return Array.from({ length: Math.floor(random() * 4) }, () => span(random, traceId, odds));
  });
  const list: unknown[] = traces;
  if (random() < odds) list.push(pick(random, VALUES));
  const bytes = encode(random() < odds / 4 ? pick(random, VALUES) : list, {
    useBigInt64: true,
    ignoreUndefined: true,
  });
  return broken(random, Buffer.from(bytes), odds);
}

/** A payload with bytes of it changed, taken out or repeated. */
export function mutated(random: Random, payload: Buffer): Buffer {
  const at = (): number => Math.floor(random() * Math.max(1, payload.length));
  const from = at();
  switch (Math.floor(random() * 5)) {
    case 0:
      return payload.subarray(0, from);
    case 1:
      return Buffer.concat([
        payload.subarray(0, from),
        payload.subarray(from + 1 + Math.floor(random() * 4)),
      ]);
    case 2:
      return Buffer.concat([payload.subarray(0, from), payload.subarray(at())]);
    default: {
      const bytes = Buffer.from(payload);
      for (let flips = 1 + Math.floor(random() * 3); flips > 0 && bytes.length > 0; flips -= 1)
        bytes[at()] = pick(random, [
          0xff,
          0x80,
          0x90,
          0xa1,
          0xc0,
          0xcf,
          0xd3,
          0xdc,
          Math.floor(random() * 256),
        ]);
      return bytes;
    }
  }
}
