import { FULL } from './site.ts';

export const FORMATS = ['mjs', 'cjs'] as const;
export type Format = (typeof FORMATS)[number];

/**
 * Every row in both module formats under KEEPSPAN_TEST_FULL=1; in the sample every row once, the formats taking turns.
 */
export function inFormats<Row>(rows: readonly Row[]): { readonly row: Row; readonly format: Format }[] {
  return rows.flatMap((row, index) => {
    const formats = FULL ? FORMATS : [FORMATS[index % 2]!];
    return formats.map((format) => ({ row, format }));
  });
}
