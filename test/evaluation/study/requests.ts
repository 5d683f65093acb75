import type { RecallInput } from '../../../src/contracts/recall.ts';
import { LexicalIndex } from '../../../examples/extraction/service/search.ts';
import { share, type StudyDocument } from './corpus.ts';
import { QUESTIONS, type StudyField, type StudyQuestion } from './fields.ts';
import { readAnswer } from './reader.ts';

/** One question on one document, with the context that retrieval gave and the label of the oracle. */
export interface StudyRequest {
  readonly id: string;
  readonly field: StudyField;
  readonly input: RecallInput;
  /** The context states the true answer. */
  readonly complete: boolean;
  /** What was answered is the truth, as far as the oracle sees. */
  readonly correct: boolean;
}

export interface StudySetting {
  /** The share of requests whose context lacks the fact. */
  readonly incompleteShare: number;
  /** With the asked field in the manifest, or what stands elsewhere alone. */
  readonly manifest: 'whole' | 'without-answer';
  /** Reads the passages, or knows the answer anyway. */
  readonly model: 'reading' | 'knowing';
  /** Whether the heuristic is told what retrieval searched with. */
  readonly query?: boolean;
}

const MAX_PASSAGES = 8;
const MAX_CHUNK_CHARS = 700;
const MANIFEST_KEYS: Readonly<Record<StudyField, readonly string[]>> = {
  license: ['license', 'licenses'],
  repository: ['repository'],
  author: ['author'],
  node_version: ['engines'],
  homepage: ['homepage'],
  version: ['version'],
  description: ['description'],
};

/**
 * All requests on the documents. Retrieval misses some facts by itself; of the other requests so many, by the hash of
 * their id, lose every passage that states the fact that the share is reached, as if retrieval had not found it.
 */
export function studyRequests(documents: readonly StudyDocument[], setting: StudySetting): StudyRequest[] {
  const drafts = documents.flatMap((document) => draftsOf(document, setting));
  const wanted = Math.round(drafts.length * setting.incompleteShare);
  const missed = drafts.filter(({ natural }) => !natural).length;
  const cut = new Set(
    drafts
      .filter(({ natural }) => natural)
      .sort((left, right) => share(left.id) - share(right.id))
      .slice(0, Math.max(0, wanted - missed)),
  );
  return drafts.map((draft) => draft.finish(cut.has(draft)));
}

interface Draft {
  readonly id: string;
  /** Retrieval as it is found the fact. */
  readonly natural: boolean;
  readonly finish: (cut: boolean) => StudyRequest;
}

/** What retrieval finds for a question, all of it, best first, each with whether it states the fact. */
interface Ranked {
  readonly asked: StudyQuestion;
  readonly truth: string;
  readonly hits: readonly { readonly item: string; readonly score: number; readonly states: boolean }[];
}

/** Settings differ in what they make of it. */
const found = new WeakMap<StudyDocument, Map<StudySetting['manifest'], readonly Ranked[]>>();

function rankedOf(document: StudyDocument, manifest: StudySetting['manifest']): readonly Ranked[] {
  const known = found.get(document) ?? new Map<StudySetting['manifest'], readonly Ranked[]>();
  found.set(document, known);
  const ranked = known.get(manifest) ?? rank(document, manifest);
  known.set(manifest, ranked);
  return ranked;
}

function rank(document: StudyDocument, manifest: StudySetting['manifest']): readonly Ranked[] {
  const texts = [...cutText(document.readme, /\n\s*\n/), ...cutText(document.license, /\n\s*\n/)];
  const indexOf = (withheld: readonly string[]) => {
    const all = [...texts, ...manifestTexts(document, withheld)];
    return { all, index: new LexicalIndex(all, (text) => text) };
  };
  const whole = manifest === 'whole' ? indexOf([]) : undefined;
  return QUESTIONS.flatMap((asked): Ranked[] => {
    const truth = asked.truth(document.manifest);
    if (truth === undefined) return [];
    const { all, index } = whole ?? indexOf(MANIFEST_KEYS[asked.field]);
    const stating = new Set(all.filter((text) => asked.states(text, truth)));
    // Where the document itself does not state the fact, no retrieval could.
    if (stating.size === 0) return [];
    const hits = index
      .search(asked.query, all.length)
      .map(({ item, score }) => ({ item, score, states: stating.has(item) }));
    return [{ asked, truth, hits }];
  });
}

function draftsOf(document: StudyDocument, setting: StudySetting): Draft[] {
  return rankedOf(document, setting.manifest).map(({ asked, truth, hits: ranked }): Draft => {
    const natural = ranked.slice(0, MAX_PASSAGES).some(({ states }) => states);
    const finish = (cut: boolean): StudyRequest => {
      const hits = (cut ? ranked.filter(({ states }) => !states) : ranked).slice(0, MAX_PASSAGES);
      const passages = hits.map(({ item }) => item);
      const answer = setting.model === 'knowing' ? truth : readAnswer(asked, passages);
      return {
        id: `${document.name} ${asked.field}`,
        field: asked.field,
        complete: natural && !cut,
        correct: answer !== '' && asked.states(`node ${answer}`, truth),
        input: {
          question: asked.question,
          ...(setting.query === true ? { query: asked.query } : {}),
          answer,
          chunks: hits.map(({ item, score }) => ({ text: item, score })),
          field: asked.field,
        },
      };
    };
    return { id: `${document.name} ${asked.field}`, natural, finish };
  });
}

/** The manifest line by line; scripts and dependencies make long ones. */
function manifestTexts({ manifest }: StudyDocument, withheld: readonly string[]): string[] {
  const lines = Object.entries(manifest)
    .filter(([key]) => !withheld.includes(key))
    .map(([key, value]) => `"${key}": ${JSON.stringify(value)}`);
  return cutText(lines.join('\n'), /\n/);
}

function cutText(text: string, boundary: RegExp): string[] {
  const chunks: string[] = [];
  let current = '';
  for (const part of text.split(boundary)) {
    const piece = part.trim();
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
  return current === '' ? chunks : [...chunks, current];
}
