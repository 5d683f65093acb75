import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RIVALS, type RivalRow } from '../../bench/comparison/rivals.ts';
import { runOnce } from '../../bench/comparison/run-once.ts';
import { SCENARIOS, type Scenario } from '../../bench/comparison/scenarios.ts';
import { renderTables } from '../../bench/comparison/tables.ts';

function rival(id: string): RivalRow {
  return RIVALS.find((one) => one.id === id)!;
}

function scenario(id: string): Scenario {
  return SCENARIOS.find((one) => one.id === id)!;
}

describe('the comparison', () => {
  // What is on disk only takes the next start, and its time: in the full run.
  for (const end of process.env['KEEPSPAN_TEST_FULL'] === '1'
    ? ['sigterm', 'exit', 'sigkill']
    : ['sigterm']) {
    it(`counts what arrives: all of a process under Keepspan that ends by ${end}`, async () => {
      const { received, twice } = await runOnce(rival('keepspan'), scenario(end));
      assert.equal(received, 1000);
      // At the other ends a request may be under way, and what it brought comes once more from disk.
      if (end === 'sigterm') assert.equal(twice, 0);
    });
  }

  it("counts what arrives: a part of a burst that OpenTelemetry's SDK is left with", async () => {
    const { received, twice, cpuMs, rssMb } = await runOnce(rival('opentelemetry'), scenario('natural'));
    assert.deepEqual({ received, twice }, { received: 512, twice: 0 });
    assert.ok(cpuMs! > 0 && rssMb! > 0);
  });

  it('shows medians, ranges, what came from disk, what came twice, and what nobody could say', () => {
    const outcome = { received: 1000, atOnce: 1000, twice: 0, endMs: 100 };
    const text = renderTables(
      [rival('dd-trace'), rival('keepspan')],
      [scenario('exit'), scenario('steady')],
      [
        { rival: 'keepspan', scenario: 'exit', outcomes: [{ ...outcome, atOnce: 0, twice: 3 }] },
        {
          rival: 'dd-trace',
          scenario: 'exit',
          outcomes: [0, 512, 700].map((received) => ({
            ...outcome,
            received,
            atOnce: received,
            endMs: 2000,
          })),
        },
        {
          rival: 'dd-trace',
          scenario: 'steady',
          outcomes: [{ ...outcome, received: 3000, atOnce: 3000, cpuMs: 600, rssMb: 99 }],
        },
      ],
    );
    for (const line of [
      '| dd-trace | 512 (0 to 700) |',
      '| Keepspan, stack datadog | **1,000**⁺ |',
      '| dd-trace | 2.0 s |',
      '| Keepspan, stack datadog | 100 ms |',
      '| dd-trace | **3,000** | 200 µs | 99 MB |',
      '| Keepspan, stack datadog | – | – | – |',
      'Arrived more than once: keepspan in exit: up to 3.',
    ])
      assert.ok(text.split('\n').includes(line), `${line} is missing in\n${text}`);
  });

  it('has programs and settings of its own for every row, and a name for every column', () => {
    assert.equal(new Set(RIVALS.map(({ id }) => id)).size, RIVALS.length);
    assert.equal(new Set(SCENARIOS.map(({ id }) => id)).size, SCENARIOS.length);
    for (const { settings, tuned, program } of RIVALS)
      assert.ok(settings !== '' && program.endsWith('.ts'), String(tuned));
  });
});
