import type { Calibration, ThresholdRow } from './calibrate.ts';

const WIDTH = 720;
const HEIGHT = 400;
const LEFT = 56;
const RIGHT = 24;
const TOP = 44;
const BOTTOM = 56;

/**
 * What every threshold saves and misses, as an SVG document of 720 × 400: the miss rate with its interval, the share of
 * requests judged, the target and the threshold that meets it. Lines differ by dash as well as by colour.
 */
export function plot({ rows, chosen }: Calibration, maxMiss: number): string {
  const x = (threshold: number) => round(LEFT + threshold * (WIDTH - LEFT - RIGHT));
  const y = (share: number) => round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM));
  const line = (of: (row: ThresholdRow) => number) =>
    rows.map((row) => `${x(row.threshold)},${y(of(row))}`).join(' ');
  const band = [
    ...rows.map((row) => `${x(row.threshold)},${y(row.missInterval.high)}`),
    ...rows.toReversed().map((row) => `${x(row.threshold)},${y(row.missInterval.low)}`),
  ].join(' ');
  const ticks = [0, 0.2, 0.4, 0.6, 0.8, 1];
  const summary =
    chosen === undefined
      ? `No threshold misses at most ${percent(maxMiss)}.`
      : `Threshold ${chosen.threshold.toFixed(2)} judges ${percent(chosen.judged)} of the requests and misses ${percent(chosen.missRate)} of the incomplete ones.`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="12">`,
    '<title id="t">Recall threshold: judge calls and misses</title>',
    `<desc id="d">${summary}</desc>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    ...ticks.map(
      (tick) =>
        `<path d="M${LEFT} ${y(tick)}H${WIDTH - RIGHT}" stroke="#e2e2e2"/>` +
        `<text x="${LEFT - 8}" y="${y(tick) + 4}" text-anchor="end">${percent(tick)}</text>` +
        `<text x="${x(tick)}" y="${HEIGHT - BOTTOM + 18}" text-anchor="middle">${tick.toFixed(1)}</text>`,
    ),
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 14}" text-anchor="middle">threshold</text>`,
    `<polygon points="${band}" fill="#b3261e" fill-opacity="0.15"/>`,
    `<polyline points="${line((row) => row.missRate)}" fill="none" stroke="#b3261e" stroke-width="2"/>`,
    `<polyline points="${line((row) => row.judged)}" fill="none" stroke="#1a56b0" stroke-width="2" stroke-dasharray="6 3"/>`,
    `<path d="M${LEFT} ${y(maxMiss)}H${WIDTH - RIGHT}" stroke="#555555" stroke-dasharray="2 3"/>`,
    ...(chosen === undefined
      ? []
      : [
          `<path d="M${x(chosen.threshold)} ${TOP}V${HEIGHT - BOTTOM}" stroke="#222222"/>`,
          `<text x="${x(chosen.threshold) - 6}" y="${TOP + 12}" text-anchor="end">${chosen.threshold.toFixed(2)}</text>`,
        ]),
    legend(LEFT, '#b3261e', '', 'incomplete requests missed, 95 % interval'),
    legend(LEFT + 300, '#1a56b0', '6 3', 'requests judged'),
    legend(LEFT + 450, '#555555', '2 3', `at most ${percent(maxMiss)} missed`),
    '</svg>',
    '',
  ].join('\n');
}

function legend(x: number, color: string, dash: string, text: string): string {
  return `<path d="M${x} 20h24" stroke="${color}" stroke-width="2" stroke-dasharray="${dash === '' ? 'none' : dash}"/><text x="${x + 30}" y="24">${text}</text>`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
