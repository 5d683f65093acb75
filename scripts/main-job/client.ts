import type { PackageDocument } from '../../examples/extraction/service/documents.ts';
import type { ExtractionResult, ResultState } from '../../examples/extraction/service/results.ts';

/** Brings documents to the service and collects what it makes of them, as a caller of the service would. */
export class ExtractionClient {
  readonly results = new Map<string, ExtractionResult>();
  readonly failures: string[] = [];
  readonly #remaining: PackageDocument[];
  #interrupted = false;

  constructor(documents: readonly PackageDocument[]) {
    this.#remaining = [...documents];
  }

  get done(): number {
    return this.results.size;
  }

  get remaining(): number {
    return this.#remaining.length;
  }

  /** The service is about to go away: what it does not answer from now on is brought again by the next `run`. */
  interrupt(): void {
    this.#interrupted = true;
  }

  /** Runs until every document has its result or the service was interrupted; rejects when it fails unannounced. */
  async run(baseUrl: string, concurrency: number): Promise<void> {
    this.#interrupted = false;
    await Promise.all(Array.from({ length: concurrency }, () => this.#work(baseUrl)));
  }

  async #work(baseUrl: string): Promise<void> {
    while (!this.#interrupted) {
      const document = this.#remaining.shift();
      if (document === undefined) return;
      try {
        const state = await this.#extract(baseUrl, document);
        if (state === undefined) this.#remaining.push(document);
        else if (state.status === 'done') this.results.set(document.id, state.result);
        else if (state.status === 'failed') this.failures.push(`${document.id}: ${state.error}`);
      } catch (error) {
        this.#remaining.push(document);
        // A connection that breaks when the service is being killed is the point of the drill.
        if (!this.#interrupted) throw error;
      }
    }
  }

  async #extract(baseUrl: string, document: PackageDocument): Promise<ResultState | undefined> {
    const accepted = await fetch(`${baseUrl}/extract`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ document }),
      signal: AbortSignal.timeout(10_000),
    });
    await accepted.arrayBuffer();
    if (accepted.status !== 202) {
      if (this.#interrupted) return undefined;
      throw new Error(`POST /extract answered ${accepted.status}`);
    }
    const address = `${baseUrl}/documents/${encodeURIComponent(document.id)}/result?waitMs=5000`;
    while (!this.#interrupted) {
      const response = await fetch(address, { signal: AbortSignal.timeout(10_000) });
      const state = (await response.json()) as ResultState;
      if (response.status === 200) return state;
      if (response.status !== 202 && !this.#interrupted)
        throw new Error(`${address} answered ${response.status}`);
    }
    return undefined;
  }
}
