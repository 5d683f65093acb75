/**
 * One patch a law: what it breaks, where, and the files whose tests of that law (`<law>:` in their titles) must then
 * fail. `find` stands exactly once in its file.
 */
export const LAWS = [
  {
    law: 'L1',
    breaks: 'a difference is folded into the balance',
    file: 'src/ledger/account.ts',
    find: 'unaccounted: created - known,',
    replace: 'unaccounted: created - known > 0 ? 0 : 0,',
    tests: ['test/ledger/account.test.ts'],
  },
  {
    law: 'L2',
    breaks: 'an evaluation reaches the journal after submitEvaluation returned',
    file: 'src/pipeline/evaluations.ts',
    find: "return custody.take('evaluations', metric.json, 1, 0, evaluationPreamble(entity?.() ?? {}));",
    replace:
      "return setImmediate(() => custody.take('evaluations', metric.json, 1, 0, evaluationPreamble(entity?.() ?? {}))).hasRef();",
    tests: ['test/e2e/kill.test.ts'],
  },
  {
    law: 'L3',
    breaks: 'an LLM span reaches the journal after its function returned',
    file: 'src/pipeline/sink.ts',
    find: "if (custody.take('llmSpans', text, 1, flags, preamble())) return 'kept';",
    replace:
      "if (setImmediate(() => custody.take('llmSpans', text, 1, flags, preamble())).hasRef()) return 'kept';",
    tests: ['test/e2e/kill.test.ts'],
  },
  {
    law: 'L4',
    breaks: 'an answer of 5xx counts as taken',
    file: 'src/delivery/status.ts',
    find: 'if (status >= 200 && status < 300)',
    replace: 'if ((status >= 200 && status < 300) || status >= 500)',
    tests: ['test/delivery/status.test.ts', 'test/delivery/stream.test.ts'],
  },
  {
    law: 'L5',
    breaks: 'the most important goes first when memory is full',
    file: 'src/kernel/signals.ts',
    find: "['spans', 'llmSpans', 'evaluations'] as const",
    replace: "['evaluations', 'llmSpans', 'spans'] as const",
    tests: ['test/journal/memory.test.ts', 'test/journal/writer.test.ts'],
  },
  {
    law: 'L6',
    breaks: 'what a tracer throws reaches business code',
    file: 'src/spans/wrap.ts',
    find: "  } catch (error) {\n    warn('KS-SPAN-002', error, site);\n  }\n  if (outcome === undefined)",
    replace:
      "  } catch (error) {\n    warn('KS-SPAN-002', error, site);\n    throw error;\n  }\n  if (outcome === undefined)",
    tests: ['test/spans/wrap.test.ts'],
  },
  {
    law: 'L7',
    breaks: 'nothing is taken into custody after resources were closed',
    file: 'src/lifecycle/shutdown.ts',
    find: "await flush('final', Math.min(budgets.finalMs, remainingMs() / 2));",
    replace: '',
    tests: ['test/lifecycle/shutdown.test.ts'],
  },
  {
    law: 'L8',
    breaks: 'a phase may take for ever',
    file: 'src/lifecycle/budget.ts',
    find: '  const left = Math.max(0, remainingMs);\n  const due',
    replace: '  const left = Math.max(1e6, remainingMs);\n  const due',
    tests: ['test/e2e/shutdown.test.ts'],
  },
  {
    law: 'L9',
    breaks: 'an error does not protect its trace',
    file: 'src/sampling/sampler.ts',
    find: 'if (facts.error) return ERROR;',
    replace: 'if (facts.error && false) return ERROR;',
    tests: ['test/sampling/sampler.test.ts'],
  },
  {
    law: 'L10',
    breaks: 'it starts although nothing switched it on',
    file: 'src/settings/switch.ts',
    find: "return enabled === '1' || enabled === 'true';",
    replace: "return enabled !== '0';",
    tests: ['test/api/disabled.test.ts', 'test/api/switch.test.ts'],
  },
  {
    law: 'L12',
    breaks: 'a batch that is sent again has another identity',
    file: 'src/delivery/exchange.ts',
    find: 'const identity = `${id}+${batch.records}`',
    replace: 'const identity = `${id}+${Math.random()}`',
    tests: ['test/delivery/stream.test.ts'],
  },
  {
    law: 'L13',
    breaks: 'others may read the journal',
    file: 'src/journal/directory.ts',
    find: 'fchmodSync(fd, 0o600);',
    replace: 'fchmodSync(fd, 0o644);',
    tests: ['test/e2e/privacy.test.ts'],
  },
];
