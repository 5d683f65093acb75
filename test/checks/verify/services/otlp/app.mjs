// A service on OpenTelemetry, with spans of three kinds, two evaluations and a line of the log for each request. BROKEN: nothing
// counts tokens, one evaluation is of a span that is not there, and the line has no ids.
import { createServer } from 'node:http';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { annotate, exportSpan, llm, manage, submitEvaluation, task, workflow } from 'keepspan';
import { logger } from 'keepspan/logging';

new NodeTracerProvider({}).register();
const broken = process.env.BROKEN !== undefined;
const log = logger('answers');
const prepare = task('prepare', () => exportSpan());
const call = llm({ name: 'call', modelName: 'stand-in', modelProvider: 'none' }, () => {
  annotate({
    inputData: 'why',
    outputData: 'so',
    metrics: broken ? {} : { input_tokens: 1, output_tokens: 2 },
  });
  if (broken) process.stdout.write('{"level":"info","msg":"answered"}\n');
  else log.info('answered');
  return exportSpan();
});
const answer = workflow('answer', () => {
  const prepared = prepare();
  const span = call();
  if (prepared === undefined || span === undefined) return;
  submitEvaluation({ span: prepared, label: 'ready', metricType: 'boolean', value: true });
  const judged = broken ? { ...span, spanId: '1311768467463790320' } : span;
  submitEvaluation({ span: judged, label: 'quality', metricType: 'score', value: 0.9 });
});

const server = createServer((request, response) => {
  if (request.url === '/health') response.end('ok');
  else {
    answer();
    response.end('done');
  }
});
manage(server);
server.listen(0, '127.0.0.1');
