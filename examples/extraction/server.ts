import { manage, onShutdown } from 'keepspan';
import { logger } from 'keepspan/logging';
import OpenAI from 'openai';
import { readConfig } from './service/config.ts';
import { chatModel } from './service/model.ts';
import { createService } from './service/service.ts';

const config = readConfig(process.env);
const log = logger();
const client = new OpenAI({ timeout: config.llmTimeoutMs, maxRetries: 1 });
const service = createService(config, chatModel(client, config.model), (event, detail) => {
  if (event.endsWith('_failed')) log.warn(detail, event);
  else log.info(detail, event);
});

// Both are consumers: requests stop coming while the documents in work finish.
manage(service.api);
onShutdown('consumers', 'work queue', () => service.drain());

await service.api.listen({ host: config.host, port: config.port });
process.stdout.write(`${JSON.stringify({ event: 'listening', addresses: service.api.addresses() })}\n`);
