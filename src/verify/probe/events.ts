/** One line that the probe writes. */
export type ProbeEvent =
  | { readonly event: 'started'; readonly pid: number }
  | { readonly event: 'listening'; readonly pid: number; readonly host: string; readonly port: number }
  | {
      readonly event: 'closing';
      readonly pid: number;
      readonly port: number;
      /** What was finished until the shutdown began had been taken into custody; null: nobody here takes it. */
      readonly flushed: boolean | null;
    };
