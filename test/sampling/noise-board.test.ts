import assert from 'node:assert/strict';
import { it } from 'node:test';
import { NoiseBoard } from '../../src/pipeline/noise-board.ts';
import { parseRules } from '../../src/sampling/parse-rules.ts';
import type { Policy } from '../../src/sampling/policy.ts';

it('says on one side what was written on the other', () => {
  const { rules } = parseRules(
    [
      { noise: 'health', sample_rate: 0 },
      { noise: 'poll:sqs', sample_rate: 0.01 },
    ],
    'rules',
  );
  const policy: Policy = { source: 'file', rules };
  const memory = NoiseBoard.memoryFor(policy);
  const [worker, main] = [new NoiseBoard(memory, policy), new NoiseBoard(memory, policy)];
  const counts = {
    seen: 30,
    kept: 2,
    rules: [
      { rule: 'health @ 0', seen: 10, kept: 0 },
      { rule: 'poll:sqs @ 0.01', seen: 20, kept: 2 },
    ],
    protected: { 'protected:llm': 3, 'protected:messages': 4 },
    undecided: 5,
  };
  worker.set(counts);
  assert.deepEqual(main.counts(), counts);
});

it('says nothing where there are no rules', () => {
  const policy: Policy = { source: 'none', rules: [] };
  assert.equal(new NoiseBoard(NoiseBoard.memoryFor(policy), policy).counts(), undefined);
});
