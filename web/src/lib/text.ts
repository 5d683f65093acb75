const BASE64_RUN = /(?:data:[\w.+-]+\/[\w.+-]+;base64,)?[A-Za-z0-9+/]{400,}={0,2}/g;
const KEEP_CHARS = 48;

/** Long base64 in a text, cut to its beginning and its size: pictures in prompts are not read, they are in the way. */
export function cutBase64(text: string): string {
  return text.replace(BASE64_RUN, (run) => {
    const bytes = Math.floor(((run.length - run.indexOf(',') - 1) * 3) / 4);
    return `${run.slice(0, KEEP_CHARS)}… [base64, about ${bytes.toLocaleString('en-US')} bytes]`;
  });
}

/** A value as indented JSON; texts that are JSON themselves are unfolded. */
export function prettyJson(value: unknown): string {
  const parsed = typeof value === 'string' ? parseOr(value) : value;
  return JSON.stringify(parsed, undefined, 2) ?? String(parsed);
}

function parseOr(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** A text in parts: those that match what is searched for, and those between. */
export function marked(
  text: string,
  needle: string,
): readonly { readonly text: string; readonly hit: boolean }[] {
  if (needle === '') return [{ text, hit: false }];
  const parts: { text: string; hit: boolean }[] = [];
  const low = text.toLowerCase();
  const what = needle.toLowerCase();
  // Lower case can be longer than its upper case (İ); then positions do not fit and nothing is marked.
  if (low.length !== text.length) return [{ text, hit: false }];
  let from = 0;
  for (let at = low.indexOf(what); at !== -1; at = low.indexOf(what, from)) {
    if (at > from) parts.push({ text: text.slice(from, at), hit: false });
    parts.push({ text: text.slice(at, at + what.length), hit: true });
    from = at + what.length;
  }
  if (from < text.length || parts.length === 0) parts.push({ text: text.slice(from), hit: false });
  return parts;
}
