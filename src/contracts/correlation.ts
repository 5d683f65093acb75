/** The active span as log lines name it. */
export interface Correlation {
  /** W3C: 32 hexadecimal digits; undefined where no span is active. */
  readonly traceId: string | undefined;
  /** W3C: 16 hexadecimal digits. */
  readonly spanId: string | undefined;
  /** What dd-trace writes as `dd`: ids in Datadog's notation, with service, version and environment. */
  readonly dd: Readonly<Record<string, string>> | undefined;
}

/** Looks which span is active now. Never throws; the same span gives the same object. */
export type FindCorrelation = () => Correlation | undefined;
