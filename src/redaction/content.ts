import type { RedactText } from './text.ts';

/** How much of prompts and completions is kept (`KEEPSPAN_CAPTURE_CONTENT`), and for `redacted` the function over its texts. */
export type ContentRule =
  | { readonly capture: 'full' }
  | { readonly capture: 'none' }
  | { readonly capture: 'redacted'; readonly redact: RedactText };
