import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runLeashed, until } from '../../scripts/counterparts/started.ts';
import { createStage } from './support/program.ts';

const never = new Promise<never>(() => undefined);

function assertGone(pid: number): Promise<void> {
  return until(
    () => (isAlive(pid) ? Promise.reject(new Error(`${pid} lives on`)) : Promise.resolve()),
    10_000,
    never,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

describe('what a test starts', () => {
  for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
    it(`ends with it: ${signal}`, async (t) => {
      const stage = await createStage(t);
      const program = stage.start('plain', 'leash.mjs', []);
      const [, pid] = await program.says(/leashed (\d+)/);
      assert.ok(isAlive(Number(pid)));
      program.process.kill(signal);
      await program.ended;
      await assertGone(Number(pid));
    });
  }

  it('that ends by itself is an error with what it printed', async () => {
    const leashed = runLeashed(process.execPath, ['-e', 'console.log("no room"); process.exit(3)']);
    await assert.rejects(leashed.died, /it ended with 3: no room/);
    await leashed.stop();
  });
});
