import { after, type TestContext } from 'node:test';

/** For a suite's `before`: what its tests share ends with the suite. Call it in the suite's body. */
export function suiteContext(): TestContext {
  const steps: (() => unknown)[] = [];
  after(async () => {
    for (const step of steps.toReversed()) await step();
  });
  return { after: (step: () => unknown) => void steps.push(step) } as unknown as TestContext;
}
