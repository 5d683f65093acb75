import assert from 'node:assert/strict';
import { llmEvents, type LlmEvent } from '../../api/events.ts';
import type { Agent } from '../../e2e/support/agent.ts';

/**
 * Each of `calls` workflows arrived once as an LLM event, and each has the call of the model below it, once (law L11).
 */
export function assertLlmTrees(agent: Agent, calls: number): void {
  assert.deepEqual(agent.arrivals.errors(), []);
  const events = llmEvents(agent);
  const workflows = events.filter(({ name }) => name === 'workflow.ask');
  const models = events.filter(({ name }) => name === 'OpenAI.createChatCompletion');
  assert.equal(workflows.length, calls, shown(events));
  assert.equal(models.length, calls, shown(events));
  assert.equal(events.length, 2 * calls, shown(events));
  for (const { span_id, trace_id } of workflows) {
    const below = models.filter((event) => event.parent_id === span_id && event.trace_id === trace_id);
    assert.equal(below.length, 1, shown(events));
  }
  assert.equal(agent.arrivals.spansNamed('openai.request'), calls);
}

function shown(events: readonly LlmEvent[]): string {
  return JSON.stringify(events.map(({ name, span_id, parent_id }) => ({ name, span_id, parent_id })));
}
