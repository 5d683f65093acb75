import { endOf, entriesAt, insideOf, textStart } from './msgpack-scan.ts';
import { arrayHeader32, MsgpackWalkError, walkTracesV05 } from './msgpack-walk.ts';

/** The Agent takes no larger request; one string of the table can stand for many in what comes out. */
const MAX_BYTES = 25 << 20;

/** Fields of a v0.5 span in their order; those in capitals are indexes into the table of strings. */
const FIELDS = [
  'SERVICE',
  'NAME',
  'RESOURCE',
  'trace_id',
  'span_id',
  'parent_id',
  'start',
  'duration',
  'error',
  'META',
  'metrics',
  'TYPE',
] as const;

const KEYS = FIELDS.map((field) => fixString(field.toLowerCase()));

/**
 * The same traces as a v0.4 payload, where traces can be cut out and marked one by one.
 *
 * @returns undefined when that would be larger than the Agent takes
 * @throws MsgpackWalkError when it is no v0.5 payload
 */
export function toV04(payload: Buffer): Buffer | undefined {
  const { traces, firstTrace } = walkTracesV05(payload);
  const strings = tableOf(payload);
  const chunks: Buffer[] = [arrayHeader32(traces)];
  let bytes = 0;
  const put = (chunk: Buffer): void => {
    chunks.push(chunk);
    bytes += chunk.length;
  };
  const putText = (at: number): void => put(stringAt(payload, at, strings));
  let next = firstTrace;
  for (let trace = 0; trace < traces; trace += 1) {
    const spans = entriesAt(payload, next);
    next = insideOf(payload, next);
    put(arrayHeader32(spans));
    for (let span = 0; span < spans; span += 1) {
      next = insideOf(payload, next);
      put(Buffer.from([0x80 + FIELDS.length]));
      for (const [i, field] of FIELDS.entries()) {
        const end = endOf(payload, next);
        put(KEYS[i]!);
        if (field === 'META' || field === 'metrics') {
          let entry = insideOf(payload, next);
          put(mapHeader32(entriesAt(payload, next)));
          while (entry < end) {
            const value = endOf(payload, entry);
            const after = endOf(payload, value);
            putText(entry);
            if (field === 'META') putText(value);
            else put(payload.subarray(value, after));
            entry = after;
          }
        } else if (field === field.toUpperCase()) putText(next);
        else put(payload.subarray(next, end));
        next = end;
      }
      if (bytes > MAX_BYTES) return undefined;
    }
  }
  return Buffer.concat(chunks);
}

/** The strings of the table as they stand in the payload, headers included. */
function tableOf(payload: Buffer): readonly Buffer[] {
  const table = insideOf(payload, 0);
  const strings: Buffer[] = [];
  let next = insideOf(payload, table);
  for (let left = entriesAt(payload, table); left > 0; left -= 1) {
    const end = endOf(payload, next);
    strings.push(payload.subarray(next, end));
    next = end;
  }
  return strings;
}

function stringAt(payload: Buffer, at: number, strings: readonly Buffer[]): Buffer {
  const index = indexAt(payload, at);
  const text = strings[index];
  if (text === undefined) throw new MsgpackWalkError(`there is no string ${index}`, at);
  return text;
}

function indexAt(payload: Buffer, at: number): number {
  const type = payload[at]!;
  if (type <= 0x7f) return type;
  if (type === 0xcc) return payload[at + 1]!;
  if (type === 0xcd) return payload.readUInt16BE(at + 1);
  if (type === 0xce) return payload.readUInt32BE(at + 1);
  throw new MsgpackWalkError('an index of the string table is no number', textStart(payload, at));
}

function fixString(text: string): Buffer {
  return Buffer.concat([Buffer.from([0xa0 + text.length]), Buffer.from(text, 'latin1')]);
}

function mapHeader32(entries: number): Buffer {
  const header = arrayHeader32(entries);
  header[0] = 0xdf;
  return header;
}
