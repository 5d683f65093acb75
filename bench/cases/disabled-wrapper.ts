import type { BenchCase, Scale } from '../lib/case.ts';
import { startProgram } from '../lib/programs.ts';
import { pairedRatio, summarise } from '../lib/stats.ts';
import type { WrapperCosts } from '../programs/disabled-wrapper.ts';

/** Law L10: wrappers that nothing switched on, and wrappers with `KEEPSPAN_STACK=off`, which are not there. */
export const disabledWrapper: BenchCase = {
  id: 'disabled-wrapper',
  promise:
    'a wrapper costs at most 30 ns a call while nothing is switched on, and nothing with KEEPSPAN_STACK=off',
  alternative: 'the function itself',
  async run(scale: Scale) {
    const size = scale === 'tiny' ? ['2', '1000'] : ['31', '5000000'];
    const late = await askOnce(size, {});
    const off = await askOnce(size, { KEEPSPAN_STACK: 'off' });
    if (!off.same) throw new Error('with KEEPSPAN_STACK=off the wrapper is not the function itself');
    return [
      {
        name: 'not switched on, one call',
        unit: 'ns' as const,
        subject: summarise(late.wrapped),
        alternative: summarise(late.bare),
        ratio: pairedRatio(late.wrapped, late.bare),
        gate: { of: 'difference' as const, max: 30 },
      },
      {
        name: 'KEEPSPAN_STACK=off, one call',
        unit: 'ns' as const,
        subject: summarise(off.wrapped),
        alternative: summarise(off.bare),
        ratio: pairedRatio(off.wrapped, off.bare),
        notes: { 'the function itself': String(off.same) },
      },
    ];
  },
};

async function askOnce(
  size: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<WrapperCosts> {
  const program = startProgram('disabled-wrapper.ts', size, env);
  try {
    return await program.heard<WrapperCosts>();
  } finally {
    await program.stop();
  }
}
