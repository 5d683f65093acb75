import { answerPrompt } from '../../../examples/extraction/standin/patterns.ts';
import type { StudyQuestion } from './fields.ts';

/**
 * Answers off the passages, as the stand-in of the reference service does, and off manifest lines. When the fact is not
 * there it answers what a model answers: nothing, or the wrong thing that looks like it.
 */
export function readAnswer({ field, question }: StudyQuestion, passages: readonly string[]): string {
  const context = passages.join('\n\n');
  const key = field === 'node_version' ? 'engines' : field;
  const line = new RegExp(`^"${key}": (.+)$`, 'm').exec(context)?.[1];
  if (line !== undefined) {
    const value = readValue(line, field);
    if (value !== undefined) return value;
  }
  if (field === 'version') return /(?<![\d.])v?(\d+\.\d+\.\d+(?:-[\w.]+)?)/.exec(context)?.[1] ?? '';
  if (field === 'description') return /^[A-Z][^\n#|<>[\]]{30,160}[.!]/m.exec(context)?.[0] ?? '';
  return answerPrompt(`${TOPIC[field] ?? question}\n\nPassages:\n${context}`)?.value ?? '';
}

/** The words by which the stand-in knows a question. */
const TOPIC: Readonly<Record<string, string>> = { node_version: 'Node.js versions' };

function readValue(line: string, field: string): string | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'string') return value;
    const inner = { node_version: 'node', repository: 'url', author: 'name', license: 'type' }[field] ?? '';
    const text = (value as Readonly<Record<string, unknown>> | null)?.[inner];
    return typeof text === 'string' ? text : undefined;
  } catch {
    // A line that was cut at a chunk's end.
    return undefined;
  }
}
