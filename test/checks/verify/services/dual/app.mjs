// A service of which dd-trace sees the calls and OpenLLMetry the framework; OPENAI_BASE_URL answers.
import { createServer } from 'node:http';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { ChatOpenAI } from '@langchain/openai';
import { exportSpan, manage, submitEvaluation, workflow } from 'keepspan';
import { logger } from 'keepspan/logging';

const log = logger('answers');
const chain = ChatPromptTemplate.fromTemplate('say {what}').pipe(new ChatOpenAI({ model: 'stand-in' }));
const answer = workflow('answer', async () => {
  await chain.invoke({ what: 'hello' });
  log.info('answered');
  submitEvaluation({ span: exportSpan(), label: 'quality', metricType: 'score', value: 0.9 });
});

const server = createServer((request, response) => {
  if (request.url === '/health') response.end('ok');
  else void answer().then(() => response.end('done'));
});
manage(server);
server.listen(0, '127.0.0.1');
