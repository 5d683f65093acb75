import { found, pass, type ProjectCheck } from '../context.ts';

export const check: ProjectCheck = {
  id: 'KS-NOISE-001',
  slug: 'poll-noise',
  title: 'Empty polls of Kafka and SQS are kept at more than 1 %',
  target: 'both',
  rationale:
    'A consumer polls several times a second; each poll is a trace. The rules of Python’s tracer ({"resource":"kafka.consume"}) match nothing in dd-trace for Node.',
  how: 'Asks the policy that applies here for its verdict on an empty poll of each.',
  fix: 'remove DD_TRACE_SAMPLING_RULES to get the profile’s rules, or use {"noise":"poll:sqs","sample_rate":0.01}; `keepspan policy check` explains',
  source: 'requirement, section 2; docs/guides/noise.md',
  run({ noise: { pollsKept } }) {
    if (pollsKept === undefined) return found('warn', ['the policy has no rule for empty polls']);
    return pollsKept > 0.01
      ? found('fail', [`${pollsKept * 100} % are kept`])
      : pass(`${pollsKept * 100} % are kept`);
  },
};
