import { type Fields, isFields } from '../../wire/datadog/decode-values.ts';

const MAX_CHARS = 200;
// Looking further into one value finds no better beginning of it.
const MAX_PARTS = 20;
const MAX_DEPTH = 6;

const TEXT_KEYS = [
  'content',
  'text',
  'value',
  'parts',
  'messages',
  'documents',
  'parameters',
  'arguments',
  'message',
];

function collect(value: unknown, parts: string[], depth: number): void {
  if (parts.length >= MAX_PARTS || depth > MAX_DEPTH) return;
  if (typeof value === 'string') {
    if (value !== '') parts.push(value.slice(0, MAX_CHARS));
  } else if (Array.isArray(value)) {
    for (const item of value.slice(-MAX_PARTS)) collect(item, parts, depth + 1);
  } else if (isFields(value)) {
    const fields: Fields = value;
    for (const key of TEXT_KEYS) if (fields[key] !== undefined) collect(fields[key], parts, depth + 1);
  }
}

/** The first characters of what a prompt or an answer says, whatever its form; '' when it says nothing. */
export function preview(value: unknown): string {
  const parts: string[] = [];
  collect(value, parts, 0);
  return parts.join(' ').replaceAll(/\s+/g, ' ').trim().slice(0, MAX_CHARS);
}

/** The same of an attribute that holds JSON as text, as gen_ai.input.messages does. */
export function previewOfText(value: unknown): string {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return preview(value);
  try {
    return preview(JSON.parse(value));
  } catch {
    return preview(value); // Cut off by its sender: shown as it came.
  }
}
