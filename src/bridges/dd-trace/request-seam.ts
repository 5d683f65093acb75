import { join } from 'node:path';
import type { SignalKind } from '../../contracts/signal.ts';
import { shownUrl } from '../../kernel/shown-url.ts';
import { agentAddress, installHttpSeam, sameAddress } from './http-seam.ts';
import type { CapturedAnswer, CapturedRequest } from './intake-request.ts';
import type { LocatedTracer } from './locate.ts';

/** The loopback relay, as far as the tracer's bridge knows it. */
export interface RelayHandle {
  readonly url: string;
  /** Signals that it has taken so far. */
  taken(): Readonly<Record<SignalKind, number>>;
}

export interface RequestSeamOptions {
  readonly located: LocatedTracer;
  readonly agentUrl: string;
  readonly startRelay: () => RelayHandle | undefined;
  readonly warn: (code: string, detail: Readonly<Record<string, unknown>>) => void;
}

/** How the tracer's requests come here. */
export interface RequestSeam {
  readonly seam: 'http-request' | 'loopback-relay' | 'none';
  readonly relay: RelayHandle | undefined;
  /** Told where the initialised tracer really sends: the seam goes there. */
  follow(url: string | undefined): void;
}

/**
 * `http.request` where the tracer is seen to use it; else the loopback relay; else nothing, and the tracer sends by
 * itself.
 */
export function chooseRequestSeam(
  { located, agentUrl, startRelay, warn }: RequestSeamOptions,
  take: (request: CapturedRequest) => CapturedAnswer,
  undo: (() => void)[],
): RequestSeam {
  let installed = tryInstall(agentUrl, take);
  if (installed !== undefined && probe(located, agentUrl)) {
    undo.push(() => installed?.());
    return {
      seam: 'http-request',
      relay: undefined,
      follow(url) {
        if (url === undefined || sameAddress(agentAddress(url), agentAddress(agentUrl))) return;
        warn('KS-SEAM-006', { settings: shownUrl(agentUrl), tracer: shownUrl(url) });
        installed?.();
        installed = tryInstall(url, take);
      },
    };
  }
  installed?.();
  const relay = startRelay();
  const seam = relay === undefined ? 'none' : 'loopback-relay';
  warn('KS-SEAM-001', { seam, version: located.version });
  return { seam, relay, follow: () => undefined };
}

function tryInstall(
  url: string,
  take: (request: CapturedRequest) => CapturedAnswer,
): (() => void) | undefined {
  try {
    return installHttpSeam(agentAddress(url), take);
  } catch {
    return undefined; // Frozen, or an accessor of somebody else's: the relay serves, which is said (KS-SEAM-001).
  }
}

/** Sends what cannot be mistaken for a signal the way dd-trace sends signals, and looks whether it came through here. */
function probe(located: LocatedTracer, agentUrl: string): boolean {
  try {
    const request = located.require(
      join(located.root, 'packages/dd-trace/src/exporters/common/request.js'),
    ) as (
      data: Buffer,
      options: Readonly<Record<string, unknown>>,
      callback: (error: unknown, result: unknown) => void,
    ) => void;
    let answer: unknown;
    const headers = { 'Datadog-Meta-Tracer-Version': 'probe', 'X-Datadog-Trace-Count': '0' };
    // 0x90 is an empty list of traces: harmless wherever it arrives. No retries, which would arrive there later.
    const options = { path: '/v0.4/traces', method: 'PUT', headers, url: new URL(agentUrl), retry: false };
    request(Buffer.from([0x90]), options, (_error, result) => {
      answer = result;
    });
    return typeof answer === 'string';
  } catch {
    return false;
  }
}
