/** What `POST /extract` takes: the public texts of one software package. */
export interface PackageDocument {
  /** Unique; also the key of the result. */
  readonly id: string;
  readonly readme: string;
  /** Empty when the package ships no licence file. */
  readonly license: string;
  readonly manifest: Readonly<Record<string, unknown>>;
}

/** JSON schema that Fastify validates requests with. */
export const documentSchema = {
  type: 'object',
  required: ['id', 'readme', 'license', 'manifest'],
  additionalProperties: false,
  properties: {
    id: { type: 'string', minLength: 1, maxLength: 214 },
    readme: { type: 'string' },
    license: { type: 'string' },
    manifest: { type: 'object', additionalProperties: true },
  },
} as const;

export interface Chunk {
  readonly source: 'readme' | 'license' | 'manifest';
  readonly text: string;
}

const MAX_CHUNK_CHARS = 700;

/** The two texts, cut at blank lines into chunks of at most 700 characters. */
export function textChunks(document: PackageDocument): Chunk[] {
  return [
    ...cut(document.readme, /\n\s*\n/).map((text): Chunk => ({ source: 'readme', text })),
    ...cut(document.license, /\n\s*\n/).map((text): Chunk => ({ source: 'license', text })),
  ];
}

/**
 * The manifest without the named properties. The answer to a question never stands in its own context:
 * that would measure copying, not extraction.
 */
export function manifestChunks(document: PackageDocument, withhold: readonly string[]): Chunk[] {
  const lines = Object.entries(document.manifest)
    .filter(([key]) => !withhold.includes(key))
    .map(([key, value]) => `"${key}": ${JSON.stringify(value)}`);
  return cut(lines.join('\n'), /\n/).map((text): Chunk => ({ source: 'manifest', text }));
}

function cut(text: string, boundary: RegExp): string[] {
  const chunks: string[] = [];
  let current = '';
  for (const part of text.split(boundary)) {
    const piece = part.trim();
    if (piece === '') continue;
    if (current !== '' && current.length + piece.length + 1 > MAX_CHUNK_CHARS) {
      chunks.push(current);
      current = '';
    }
    current = current === '' ? piece : `${current}\n${piece}`;
    while (current.length > MAX_CHUNK_CHARS) {
      chunks.push(current.slice(0, MAX_CHUNK_CHARS));
      current = current.slice(MAX_CHUNK_CHARS);
    }
  }
  if (current !== '') chunks.push(current);
  return chunks;
}
