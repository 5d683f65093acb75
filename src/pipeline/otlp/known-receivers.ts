import { shownUrl } from '../../kernel/shown-url.ts';
import { parseReceiverHeaders } from '../../settings/receiver-headers.ts';
import type { Settings } from '../../settings/table.ts';
import type { OtlpTarget } from '../../wire/otlp/encode.ts';
import { frameworkReceiver } from '../framework-receiver.ts';
import { resolveEndpoints, type NamedTarget } from './endpoints.ts';
import { readReceiver } from './receiver-file.ts';

/** A receiver as somebody knows it who is not the process that named it. */
export type KnownReceiver =
  | { readonly target: OtlpTarget; readonly shown: string }
  /** What is not known: headers by their names, or the address. */
  | { readonly target: undefined; readonly missing: readonly string[] };

/**
 * Finds out where the records of a receiver's journal go: what this process' own settings name, else what its process
 * wrote down, with headers of KEEPSPAN_OTLP_RECEIVER_HEADERS. A header is never sent to another address than the one it
 * was given for.
 *
 * @returns asked with the name of a receiver and its journal
 * @throws (when asked) what the file system throws
 */
export function createReceiverLookup(settings: Settings): (name: string, directory: string) => KnownReceiver {
  const configured = configuredReceivers(settings);
  const given = parseReceiverHeaders(settings.otlpReceiverHeaders);
  return (name, directory) => {
    const written = readReceiver(directory);
    const own =
      configured.find((target) => target.name === name && covers(target, written?.headers)) ??
      configured.find(({ tracesUrl }) => tracesUrl === written?.tracesUrl);
    const address = own ?? (written?.credentials === false ? written : undefined);
    if (address === undefined) return { target: undefined, missing: ['its address'] };
    const headers = { ...own?.headers, ...given.get(name) };
    const missing = missingIn(headers, written?.headers);
    if (missing.length > 0) return { target: undefined, missing };
    const { tracesUrl, logsUrl, compression } = address;
    return { target: { tracesUrl, logsUrl, compression, headers }, shown: shownUrl(tracesUrl) };
  };
}

/** What stacks `otlp` and `dual` send to, under the names that they give it. */
function configuredReceivers(settings: Settings): readonly NamedTarget[] {
  const frameworks = frameworkReceiver(settings);
  return [{}, ...(frameworks === undefined ? [] : [frameworks])].flatMap((endpoint) => {
    try {
      return resolveEndpoints([endpoint], settings);
    } catch {
      return []; // No address: the settings say so, and so does the process that it was meant for.
    }
  });
}

function covers({ headers }: OtlpTarget, wanted: readonly string[] | undefined): boolean {
  return missingIn(headers, wanted).length === 0;
}

function missingIn(
  headers: Readonly<Record<string, string>>,
  wanted: readonly string[] | undefined,
): readonly string[] {
  const there = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  return (wanted ?? []).filter((name) => !there.has(name));
}
