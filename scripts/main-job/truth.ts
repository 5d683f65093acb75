import type { FieldName } from '../../examples/extraction/service/fields.ts';
import type { FieldResult } from '../../examples/extraction/service/results.ts';

/** What the manifest says, in the form answers are compared in; a field it does not state is absent. */
export type TrueFields = Readonly<Partial<Record<FieldName, string>>>;

export function trueFields(manifest: Readonly<Record<string, unknown>>): TrueFields {
  const raw: Readonly<Record<FieldName, unknown>> = {
    license: member(manifest['license'], 'type') ?? member(first(manifest['licenses']), 'type'),
    repository: member(manifest['repository'], 'url'),
    author: member(manifest['author'], 'name'),
    node_version: member(manifest['engines'], 'node'),
    homepage: manifest['homepage'],
  };
  const fields: Partial<Record<FieldName, string>> = {};
  for (const [name, value] of Object.entries(raw) as [FieldName, unknown][]) {
    if (typeof value === 'string' && value !== '') fields[name] = normalize(name, value);
  }
  return fields;
}

/** How many fields had a true value, and how many of those were answered with it. */
export function score(
  truth: TrueFields,
  results: readonly FieldResult[],
): { fields: number; correct: number } {
  let fields = 0;
  let correct = 0;
  for (const [name, expected] of Object.entries(truth) as [FieldName, string][]) {
    fields += 1;
    const value = results.find((result) => result.name === name)?.value;
    if (typeof value === 'string' && normalize(name, value) === expected) correct += 1;
  }
  return { fields, correct };
}

/** Two spellings of the same value become equal, two values never. */
export function normalize(name: FieldName, value: string): string {
  const text = value.trim().toLowerCase();
  switch (name) {
    case 'license':
      return text.replace(/^\(|\)$/g, '');
    case 'repository':
      return address(
        text
          .replace(/^github:/, 'github.com/')
          .replace(/^(?!.*[:.].*\/)([\w.-]+\/[\w.-]+)$/, 'github.com/$1'),
      );
    case 'homepage':
      return address(text)
        .replace(/#readme$/, '')
        .replace(/\/$/, '');
    case 'author':
      return text
        .replace(/\s*[<(].*$/, '')
        .replace(/\s+/g, ' ')
        .replace(/\.$/, '');
    case 'node_version':
      return text
        .replace(/\s+/g, '')
        .replace(/\.x\b/g, '')
        .replace(/(\d+)(\.\d+)?(\.\d+)?/g, (_match, major: string, minor?: string, patch?: string) =>
          [major, minor?.slice(1) ?? '0', patch?.slice(1) ?? '0'].join('.'),
        );
  }
}

function address(text: string): string {
  return text
    .replace(/^git\+/, '')
    .replace(/^(?:https?|git|ssh):\/\//, '')
    .replace(/^git@/, '')
    .replace(/^github\.com:/, 'github.com/')
    .replace(/^www\./, '')
    .replace(/\/$/, '')
    .replace(/\.git$/, '');
}

function first(value: unknown): unknown {
  return Array.isArray(value) ? (value as unknown[])[0] : undefined;
}

function member(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return value;
  return (value as Readonly<Record<string, unknown>>)[key];
}
