import type { RequestOutcome } from '../../verify/request.ts';
import { isRight, type DemoDocument } from './documents.ts';

const TIMEOUT_MS = 30_000;

/** Brings one document after the other to the service, from the first again after the last, and checks the answers. */
export class DemoCallers {
  readonly documents: readonly DemoDocument[];
  readonly #answers = new Map<string, { readonly fields: number; readonly correct: number }>();
  #next = 0;

  constructor(documents: readonly DemoDocument[]) {
    this.documents = documents;
  }

  async call(baseUrl: string): Promise<readonly RequestOutcome[]> {
    const line = { method: 'POST', path: '/extract', body: undefined };
    const document = this.documents[this.#next % this.documents.length];
    this.#next += 1;
    if (document === undefined) return [{ line, status: 0, error: 'there are no documents' }];
    const { name, texts, truth } = document;
    try {
      const response = await fetch(`${baseUrl}/extract`, {
        method: 'POST',
        body: JSON.stringify({ name, texts }),
        headers: { connection: 'close' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      const fields = (await response.json()) as Readonly<Record<string, string | null>>;
      const known = Object.entries(truth);
      const correct = known.filter(([field, value]) => isRight(field, fields[field] ?? null, value)).length;
      this.#answers.set(name, { fields: known.length, correct });
      return [{ line, status: response.status }];
    } catch (error) {
      return [{ line, status: 0, error: String(error) }];
    }
  }

  /** Fields whose value the manifest states, and how many of them were answered with it; each document once. */
  quality(): { readonly fields: number; readonly correct: number } {
    const all = [...this.#answers.values()];
    const sum = (of: (one: (typeof all)[number]) => number) => all.reduce((total, one) => total + of(one), 0);
    return { fields: sum(({ fields }) => fields), correct: sum(({ correct }) => correct) };
  }
}
