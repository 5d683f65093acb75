// Names of OpenTelemetry's semantic conventions for generative AI (semantic-conventions-genai).

/** The event that carries an evaluation (model/gen-ai/events.yaml). */
export const EVALUATION_EVENT = 'gen_ai.evaluation.result';

/** What an evaluation cannot be without. */
export const EVALUATION_NAME = 'gen_ai.evaluation.name';

/** Kinds of spans by `gen_ai.operation.name`; an operation that is not here is a kind of its own. */
const KIND_BY_OPERATION: ReadonlyMap<string, string> = new Map([
  ['chat', 'llm'],
  ['text_completion', 'llm'],
  ['generate_content', 'llm'],
  ['embeddings', 'embedding'],
  ['execute_tool', 'tool'],
  ['invoke_agent', 'agent'],
  ['create_agent', 'agent'],
  ['invoke_workflow', 'workflow'],
]);

/** The kind of a span by its `gen_ai.operation.name`. */
export function kindOfOperation(operation: string): string {
  return KIND_BY_OPERATION.get(operation) ?? operation;
}
