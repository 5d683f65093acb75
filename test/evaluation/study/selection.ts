import { readFileSync } from 'node:fs';
import { readDocument, share, type StudyDocument } from './corpus.ts';

/** One line of `selection.txt`: package, hash of what is read of it, licence of its texts. */
interface Selected {
  readonly name: string;
  readonly hash: string;
}

/** The documents of the study that are installed as they were when the figures were taken, and those that are not. */
export interface Selection {
  readonly documents: readonly StudyDocument[];
  /** Not installed, or in another version. */
  readonly missing: readonly string[];
}

/** Reads the selection; texts are read where they are installed, none is kept here. */
export function loadSelection(modules: string): Selection {
  const selected = readFileSync(new URL('selection.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line): Selected => {
      const [name = '', hash = ''] = line.split(' ');
      return { name, hash };
    });
  const documents: StudyDocument[] = [];
  const missing: string[] = [];
  for (const { name, hash } of selected) {
    const document = readDocument(modules, name);
    if (document?.hash === hash) documents.push(document);
    else missing.push(name);
  }
  return { documents, missing };
}

/** Parameters are chosen on one half; figures are taken on the other. By repository owner: siblings share texts. */
export function sideOf({ group }: StudyDocument): 'tuning' | 'test' {
  return share(group) < 0.5 ? 'tuning' : 'test';
}
