/** A receiver's name, as its folder has it, and its headers. */
const RECEIVER = /^\s*([\w-]{1,80})\s*:\s*(.+)$/;
const HEADER = /^\s*([!#$%&'*+.^`|~\w-]+)\s*=(.*)$/;

/** `name:key=value,key=value;name:…`, values percent-encoded, as headers by receiver; what is none is left out. */
export function parseReceiverHeaders(
  text: string | undefined,
): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const receivers = new Map<string, Readonly<Record<string, string>>>();
  for (const part of partsOf(text)) {
    const [, name, pairs] = RECEIVER.exec(part) ?? [];
    if (name === undefined || pairs === undefined) continue;
    const headers = pairs.split(',').flatMap((pair) => {
      const [, key, value] = HEADER.exec(pair) ?? [];
      return key === undefined || value === undefined ? [] : [[key, decoded(value.trim())] as const];
    });
    receivers.set(name, Object.fromEntries(headers));
  }
  return receivers;
}

/** Whether every part of a text is in that form. */
export function areReceiverHeaders(text: string): boolean {
  return partsOf(text).every((part) => {
    const pairs = RECEIVER.exec(part)?.[2];
    return pairs !== undefined && pairs.split(',').every((pair) => HEADER.test(pair));
  });
}

function partsOf(text: string | undefined): string[] {
  return (text ?? '').split(';').filter((part) => part.trim() !== '');
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // A plain percent sign in a key: it is meant as it stands.
  }
}
