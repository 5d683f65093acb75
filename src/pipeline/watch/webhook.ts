import type { AlertChange } from '../../alerts/evaluator.ts';
import { errorText } from '../../kernel/error-text.ts';
import { shownUrl } from '../../kernel/shown-url.ts';
import { warnOnce } from '../../selfmetrics/warnings.ts';

/** What a webhook is sent, as JSON. */
export interface AlertMessage {
  readonly schemaVersion: 1;
  readonly alert: string;
  readonly name: string;
  readonly state: 'firing' | 'resolved';
  readonly severity: string;
  readonly title: string;
  readonly evidence: string | undefined;
  readonly fix: string;
  readonly service: string;
  readonly env: string | undefined;
  /** ISO 8601. */
  readonly time: string;
}

export interface WebhookOptions {
  readonly url: string;
  readonly fetch?: typeof fetch;
  /** Sleeps between tries; for tests. */
  readonly pause?: (ms: number) => Promise<void>;
}

const TRIES = 3;
const TIMEOUT_MS = 5_000;
const RETRY_MS = 2_000;
/** Messages on their way at one time; more are dropped, which is one warning. */
const MAX_WAITING = 20;

/** Sends each change of an alert as a POST of JSON: three tries, one after the other, never in anybody's way. */
export function createWebhook({ url, fetch: send = fetch, pause = unrefedPause }: WebhookOptions) {
  let waiting = 0;
  let last: Promise<void> = Promise.resolve();

  const deliver = async (body: string): Promise<void> => {
    let error = '';
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      if (attempt > 1) await pause(RETRY_MS * (attempt - 1));
      try {
        const answer = await send(url, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body,
          signal: AbortSignal.timeout(TIMEOUT_MS),
        });
        await answer.body?.cancel();
        if (answer.ok) return;
        error = `HTTP ${answer.status}`;
        if (answer.status < 500 && answer.status !== 429) break;
      } catch (thrown) {
        error = errorText(thrown);
      }
    }
    warnOnce('KS-ALERT-902', { url: shownUrl(url), error });
  };

  return {
    send(message: AlertMessage): void {
      if (waiting >= MAX_WAITING) {
        warnOnce('KS-ALERT-902', { url: shownUrl(url), error: `${MAX_WAITING} messages are on their way` });
        return;
      }
      waiting += 1;
      const body = JSON.stringify(message);
      last = last.then(() => deliver(body)).finally(() => (waiting -= 1));
    },
    /** Resolves when nothing is on its way. */
    idle: (): Promise<void> => last,
  };
}

function unrefedPause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}

/** The message of a change. */
export function messageOf(
  { status, to }: AlertChange,
  about: { readonly service: string; readonly env: string | undefined; readonly wallMs: number },
): AlertMessage {
  const { id, name, severity, title, evidence, fix } = status;
  return {
    schemaVersion: 1,
    alert: id,
    name,
    state: to,
    severity,
    title,
    evidence: evidence?.text,
    fix,
    service: about.service,
    env: about.env,
    time: new Date(about.wallMs).toISOString(),
  };
}
