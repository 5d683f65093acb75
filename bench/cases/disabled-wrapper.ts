import type { BenchCase, Scale } from '../lib/case.ts';
import { startProgram } from '../lib/programs.ts';
import { summarise } from '../lib/stats.ts';
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
    const measure = (name: string, { wrapped, bare }: WrapperCosts['one']) => ({
      name,
      unit: 'ns' as const,
      subject: summarise(wrapped),
      alternative: summarise(bare),
    });
    const gate = { of: 'difference' as const, max: 30 };
    return [
      { ...measure('not switched on, one function at a call site', late.one), gate },
      { ...measure('not switched on, eight functions at a call site', late.many), gate },
      {
        ...measure('KEEPSPAN_STACK=off, eight functions at a call site', off.many),
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
