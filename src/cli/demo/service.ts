// The service of `keepspan demo`: reads licence and repository off the texts of a package. A program of its own.
import { createServer, get, type IncomingMessage } from 'node:http';
import {
  annotate,
  exportSpan,
  llm,
  manage,
  onShutdown,
  retrieval,
  submitEvaluation,
  task,
  workflow,
} from '../../index.ts';
import { logger } from '../../logging.ts';
import type { Answer, Question } from './standin.ts';

interface Work {
  readonly name: string;
  readonly texts: readonly string[];
}

const FIELDS: Readonly<Record<string, RegExp>> = {
  license: /licen[cs]e|copyright|permission|redistribution/i,
  repository: /github|repository|clone|issues/i,
};
const MAX_PASSAGES = 12;
const MAX_BODY_BYTES = 1 << 20;
const POLL_MS = 50;

const standIn = process.argv[2] ?? '';
const log = logger();

const ask = llm(
  { name: 'model.answer', modelName: 'stand-in', modelProvider: 'keepspan' },
  async (question: Question) => {
    const response = await fetch(standIn, { method: 'POST', body: JSON.stringify(question) });
    if (!response.ok) throw new Error(`the model answered ${response.status}`);
    const answer = (await response.json()) as Answer;
    const { inputTokens, outputTokens } = answer;
    annotate({
      inputData: [{ role: 'user', content: `${question.field}\n${question.passages.join('\n')}` }],
      outputData: [{ role: 'assistant', content: answer.value ?? 'not stated' }],
      metrics: {
        input_tokens: inputTokens,
        output_tokens: outputTokens,
        total_tokens: inputTokens + outputTokens,
      },
    });
    return answer;
  },
);

const search = retrieval('retrieval.passages', (texts: readonly string[], about: RegExp) => {
  const passages = texts.flatMap((text) => text.split(/\n\s*\n/)).filter((passage) => about.test(passage));
  annotate({
    inputData: about.source,
    outputData: passages.slice(0, MAX_PASSAGES).map((text) => ({ text })),
  });
  return passages.slice(0, MAX_PASSAGES);
});

const extractField = task(
  'task.extract_field',
  async (field: string, about: RegExp, texts: readonly string[]) => {
    annotate({ inputData: field, tags: { field_name: field } });
    const passages = search(texts, about);
    const { value, confidence } = await ask({ field, passages });
    const span = exportSpan();
    const judged = { ...(span === undefined ? {} : { span }), tags: { field_name: field } };
    submitEvaluation({ ...judged, label: 'field_confidence', metricType: 'score', value: confidence });
    submitEvaluation({ ...judged, label: 'field_found', metricType: 'boolean', value: value !== null });
    return [field, value] as const;
  },
);

const extract = workflow('workflow.field_extraction', async ({ name, texts }: Work) => {
  annotate({ inputData: name });
  const fields: (readonly [string, string | null])[] = [];
  for (const [field, about] of Object.entries(FIELDS)) fields.push(await extractField(field, about, texts));
  log.info({ package: name, found: fields.filter(([, value]) => value !== null).length }, 'extracted');
  return Object.fromEntries(fields);
});

const server = createServer((request, response) => {
  if (request.url === '/health') {
    response.end('ok');
    return;
  }
  bodyOf(request)
    .then(extract)
    .then(
      (fields) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(fields)),
      (error: unknown) => {
        log.warn({ err: error }, 'extraction_failed');
        response.writeHead(500).end();
      },
    );
});

async function bodyOf(request: IncomingMessage): Promise<Work> {
  let text = '';
  request.setEncoding('utf8');
  for await (const part of request as AsyncIterable<string>) {
    text += part;
    if (text.length > MAX_BODY_BYTES) throw new RangeError('the document is larger than 1 MiB');
  }
  return JSON.parse(text) as Work;
}

let pollErrors = 0;
const poll = setInterval(() => {
  get(`${standIn}/queues/work/messages`, (response) => response.resume()).on('error', (error) => {
    pollErrors += 1;
    // An unreachable queue fails at every poll.
    if (pollErrors === 1) log.warn({ err: error }, 'poll_failed');
  });
}, POLL_MS);

manage(server);
onShutdown('consumers', 'polling', () => clearInterval(poll));
server.listen(0, '127.0.0.1');
