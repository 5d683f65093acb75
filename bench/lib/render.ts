import { judged, isKept, type Measurement } from './case.ts';
import type { Summary } from './stats.ts';

export interface CaseResult {
  readonly id: string;
  readonly promise: string;
  readonly alternative: string;
  readonly measurements: readonly Measurement[];
  readonly kept: boolean;
}

/** A case as text for a terminal. */
export function renderCase({ id, promise, alternative, measurements }: CaseResult): string {
  const lines = measurements.flatMap((measurement) => {
    const { name, unit, subject, ratio, gate, notes } = measurement;
    const other = measurement.alternative;
    return [
      `  ${isKept(measurement) ? '✔' : '✖'} ${name}`,
      `      keepspan    ${spread(subject, unit)}`,
      ...(other === undefined ? [] : [`      alternative ${spread(other, unit)}`]),
      ...(ratio === undefined ? [] : [`      ratio       ${digits(ratio)}`]),
      ...(gate === undefined
        ? []
        : [`      gate        ${gate.of} ${digits(judged(measurement) ?? Number.NaN)} <= ${gate.max}`]),
      ...Object.entries(notes ?? {}).map(
        ([key, value]) => `      ${key}: ${typeof value === 'number' ? digits(value) : value}`,
      ),
    ];
  });
  return [`${id}: ${promise}`, `  alternative: ${alternative}`, ...lines, ''].join('\n');
}

function spread({ median, p10, p90, samples }: Summary, unit: string): string {
  return `${digits(median)} ${unit} (${digits(p10)} to ${digits(p90)}, ${samples} samples)`;
}

function digits(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
