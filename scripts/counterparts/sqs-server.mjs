// node sqs-server.mjs PORT QUEUE…: an SQS endpoint on loopback with these queues.
import { createSqsServer } from 'local-aws-sqs';

const [port, ...queues] = process.argv.slice(2);
await createSqsServer({
  port: Number(port),
  hostname: '127.0.0.1',
  queues: queues.map((QueueName) => ({ QueueName })),
});
