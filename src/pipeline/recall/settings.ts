import type { JudgeConfig } from '../../contracts/recall.ts';
import type { Settings } from '../../settings/table.ts';
import type { EvaluatorSettings } from './messages.ts';

/** What an evaluator works by, of the settings. */
export function evaluatorSettings(settings: Settings): EvaluatorSettings {
  return {
    threshold: settings.recallThreshold,
    auditRate: settings.recallAuditRate,
    maxAgeMs: settings.journalMaxAgeMs,
    maxJobs: settings.recallQueueMaxJobs,
    concurrency: settings.judgeConcurrency,
    timeoutMs: settings.judgeTimeoutMs,
    patienceMs: settings.judgePatienceMs,
    callsPerMinute: settings.judgeCallsPerMinute,
    tokensPerDay: settings.judgeTokensPerDay,
    usdPerDay: settings.judgeUsdPerDay,
  };
}

/** The judge that the settings name: an endpoint that speaks the OpenAI chat completions API. */
export function configuredJudge({ judgeUrl, judgeModel, judgeApiKey }: Settings): JudgeConfig | undefined {
  if (judgeUrl === undefined || judgeModel === undefined) return undefined;
  return {
    kind: 'openai',
    baseUrl: judgeUrl,
    model: judgeModel,
    ...(judgeApiKey === undefined ? {} : { apiKey: judgeApiKey }),
  };
}
