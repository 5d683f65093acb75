/** A message as LLM Observability has it. */
export interface BedrockMessage {
  readonly role: string;
  readonly content: string;
}

type Json = Readonly<Record<string, unknown>>;

const EMPTY: Json = {};

/** JSON of a body as the SDK has it: text, bytes, or what carries bytes; undefined where it is none. */
export function parseBody(body: unknown): Json | undefined {
  try {
    const text =
      typeof body === 'string'
        ? body
        : ArrayBuffer.isView(body)
          ? Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
          : undefined;
    const parsed: unknown = text === undefined ? undefined : JSON.parse(text);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined; // Not JSON: an image model's body, say. Nothing is recovered then.
  }
}

/**
 * The prompt in the body of InvokeModel. Behind an inference profile nobody says whose model it is: the shapes of
 * Bedrock's providers are told apart by their own keys (docs.aws.amazon.com, "Inference request parameters").
 */
export function promptOf(body: Json): BedrockMessage[] {
  const { system, messages, prompt, inputText, message, chat_history: history } = body;
  const found: BedrockMessage[] = [];
  if (system !== undefined) found.push({ role: 'system', content: textOf(system) });
  for (const turn of list(history)) {
    found.push({ role: textOf(turn['role']).toLowerCase(), content: textOf(turn['message']) });
  }
  for (const turn of list(messages)) {
    found.push({ role: textOf(turn['role']), content: textOf(turn['content']) });
  }
  for (const text of [prompt, inputText, message]) {
    if (typeof text === 'string') found.push({ role: 'user', content: text });
  }
  return found.filter(({ content }) => content !== '');
}

/** The limits that the request sets; what is not there is left out. */
export function limitsOf(body: Json): { temperature?: number; max_tokens?: number } {
  const nested = [body['inferenceConfig'], body['textGenerationConfig'], body].filter(isRecord);
  const first = (names: readonly string[]) =>
    nested.flatMap((part) => names.map((name) => part[name])).find((value) => typeof value === 'number');
  const temperature = first(['temperature']);
  const maxTokens = first(['max_tokens', 'max_new_tokens', 'maxTokens', 'maxTokenCount', 'max_gen_len']);
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
  };
}

/** The answer in the body of InvokeModel. */
export function answerOf(body: Json): BedrockMessage[] {
  const { content, output, results, generation, outputs, text, generations, choices, completion } = body;
  const message = isRecord(output) && isRecord(output['message']) ? output['message'] : EMPTY;
  const texts = [
    textOf(content),
    textOf(message['content']),
    ...list(results).map(({ outputText }) => textOf(outputText)),
    textOf(generation),
    ...list(outputs).map((part) => textOf(part['text'])),
    textOf(text),
    ...list(generations).map((part) => textOf(part['text'])),
    ...list(choices).map((choice) =>
      textOf(isRecord(choice['message']) ? choice['message']['content'] : choice['text']),
    ),
    textOf(completion),
  ];
  return texts.filter((part) => part !== '').map((part) => ({ role: 'assistant', content: part }));
}

/** The same of the pieces of a stream: each one a JSON document. */
export function streamedAnswer(pieces: Iterable<Json>): BedrockMessage[] {
  let whole = '';
  for (const piece of pieces) {
    const { delta, contentBlockDelta, outputText, generation, outputs, completion, text, choices } = piece;
    const nova = isRecord(contentBlockDelta) ? contentBlockDelta['delta'] : undefined;
    whole += [
      textOf(isRecord(delta) ? delta['text'] : undefined),
      textOf(isRecord(nova) ? nova['text'] : undefined),
      textOf(outputText),
      textOf(generation),
      ...list(outputs).map((part) => textOf(part['text'])),
      textOf(completion),
      textOf(text),
      ...list(choices).map((choice) =>
        textOf(isRecord(choice['delta']) ? choice['delta']['content'] : undefined),
      ),
    ].join('');
  }
  return whole === '' ? [] : [{ role: 'assistant', content: whole }];
}

/** A text, or the texts of content blocks; what is no text (images, tool calls) is left out. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  return list(value)
    .map((block) => (typeof block['text'] === 'string' ? block['text'] : ''))
    .filter((text) => text !== '')
    .join('\n');
}

function list(value: unknown): readonly Json[] {
  return Array.isArray(value) ? value.filter(isRecord) : [];
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
