import type { Judge, JudgeConfig } from '../../contracts/recall.ts';
import { bedrockJudge } from './bedrock.ts';
import { openAiJudge } from './openai.ts';

/** The judge that plain data describes: what a worker thread can be given. */
export function judgeFrom(config: JudgeConfig): Judge {
  return config.kind === 'openai' ? openAiJudge(config) : bedrockJudge(config);
}
