import assert from 'node:assert/strict';
import { it } from 'node:test';
import { resolvePolicy } from '../../src/sampling/resolve-policy.ts';

const ids = (input: Partial<Parameters<typeof resolvePolicy>[0]>) => {
  const { policy, problems } = resolvePolicy({ profile: 'production', ...input });
  return { source: policy.source, rules: policy.rules.map(({ id }) => id), problems: problems.length };
};

it('takes the profile’s rules where nobody writes any', () => {
  const production = {
    source: 'profile',
    rules: ['poll:kafka @ 0.01', 'poll:sqs @ 0.01', 'health @ 0'],
    problems: 0,
  };
  assert.deepEqual(ids({}), production);
  assert.deepEqual(ids({ profile: 'staging' }), production);
  assert.deepEqual(ids({ profile: 'development' }), { source: 'none', rules: [], problems: 0 });
});

it('takes the environment’s rules as the requirement writes them, instead of the profile’s', () => {
  const environmentRules =
    '[{"resource":"kafka.consume","sample_rate":0.01},{"resource":"sqs.receivemessage","sample_rate":0.01}]';
  assert.deepEqual(ids({ environmentRules }), {
    source: 'environment',
    rules: ['resource=kafka.consume @ 0.01', 'resource=sqs.receivemessage @ 0.01'],
    problems: 0,
  });
  assert.deepEqual(ids({ environmentRules: '[]' }), { source: 'environment', rules: [], problems: 0 });
});

it('asks the environment’s rules before the file’s, which is a list or has one', () => {
  const rules = [{ noise: 'health', sample_rate: 0 }];
  for (const fileSection of [rules, { rules }]) {
    assert.deepEqual(ids({ environmentRules: '[{"name":"a"}]', fileSection }), {
      source: 'environment+file',
      rules: ['name=a @ 1', 'health @ 0'],
      problems: 0,
    });
    assert.deepEqual(ids({ fileSection }).source, 'file');
  }
});

it('L9: one error anywhere refuses the whole policy: everything is kept', () => {
  const refused: Partial<Parameters<typeof resolvePolicy>[0]>[] = [
    { environmentRules: '[{"noise":"health","sample_rate":0}, {"sample_rate": 2}]' },
    { environmentRules: '{' },
    { environmentRules: '{"rules":[]}' },
    { fileSection: { rules: [{ noise: 'health', sample_rate: 0 }], rulez: [] } },
    { fileSection: 'health' },
    { environmentRules: '[{"noise":"health","sample_rate":0}]', fileSection: [{ name: /x/ }] },
  ];
  for (const input of refused)
    assert.deepEqual(ids(input), { source: 'refused', rules: [], problems: 1 }, JSON.stringify(input));
});
