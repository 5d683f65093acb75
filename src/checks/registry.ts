import type { ProjectCheck } from './context.ts';
import { check as agentUrl } from './agent-url/check.ts';
import { check as bedrockInstrumentation } from './bedrock-instrumentation/check.ts';
import { check as brokenVersions } from './broken-versions/check.ts';
import { check as bundlers } from './bundlers/check.ts';
import { check as containerCommand } from './container-command/check.ts';
import { check as contentLeak } from './content-leak/check.ts';
import { check as custodyDependency } from './custody-dependency/check.ts';
import { check as doublePatching } from './double-patching/check.ts';
import { check as environmentNamed } from './environment-named/check.ts';
import { check as esmInitPath } from './esm-init-path/check.ts';
import { check as esmRequireOnly } from './esm-require-only/check.ts';
import { check as evaluationGating } from './evaluation-gating/check.ts';
import { check as forwardedHeaders } from './forwarded-headers/check.ts';
import { check as gracePeriod } from './grace-period/check.ts';
import { check as healthNoise } from './health-noise/check.ts';
import { check as hookCopies } from './hook-copies/check.ts';
import { check as ignoredScripts } from './ignored-scripts/check.ts';
import { check as ineffectiveBlockLists } from './ineffective-block-lists/check.ts';
import { check as inferenceProfile } from './inference-profile/check.ts';
import { check as lambdaHandler } from './lambda-handler/check.ts';
import { check as llmobsEnabled } from './llmobs-enabled/check.ts';
import { check as llmobsKilled } from './llmobs-killed/check.ts';
import { check as loaderHooks } from './loader-hooks/check.ts';
import { check as logCorrelation } from './log-correlation/check.ts';
import { check as logLevels } from './log-levels/check.ts';
import { check as missingRegister } from './missing-register/check.ts';
import { check as nextjsExternals } from './nextjs-externals/check.ts';
import { check as nodeOptions } from './node-options/check.ts';
import { check as nodeVersion } from './node-version/check.ts';
import { check as notInstrumented } from './not-instrumented/check.ts';
import { check as openaiInstrumentation } from './openai-instrumentation/check.ts';
import { check as openllmetryAlone } from './openllmetry-alone/check.ts';
import { check as optionalImports } from './optional-imports/check.ts';
import { check as otelApiCopies } from './otel-api-copies/check.ts';
import { check as otelBridge } from './otel-bridge/check.ts';
import { check as otelLlmInstrumentations } from './otel-llm-instrumentations/check.ts';
import { check as otherRuntimes } from './other-runtimes/check.ts';
import { check as pollNoise } from './poll-noise/check.ts';
import { check as productionInstall } from './production-install/check.ts';
import { check as promptSync } from './prompt-sync/check.ts';
import { check as providerOwner } from './provider-owner/check.ts';
import { check as providerSampling } from './provider-sampling/check.ts';
import { check as pythonPropagationVariables } from './python-propagation-variables/check.ts';
import { check as rawResponse } from './raw-response/check.ts';
import { check as serviceIdentity } from './service-identity/check.ts';
import { check as settingsSanity } from './settings-sanity/check.ts';
import { check as shutdownHandlers } from './shutdown-handlers/check.ts';
import { check as signedPropagation } from './signed-propagation/check.ts';
import { check as traceloopOrder } from './traceloop-order/check.ts';
import { check as traceloopUrl } from './traceloop-url/check.ts';
import { check as startCompletes } from './start-completes/check.ts';
import { check as streamTee } from './stream-tee/check.ts';
import { check as tracerCopies } from './tracer-copies/check.ts';
import { check as tracerOrder } from './tracer-order/check.ts';
import { check as upstreamReachable } from './upstream-reachable/check.ts';

/** Every check, by its id. An id is never reused: what is gone leaves a gap. */
export const CHECKS: readonly ProjectCheck[] = [
  bedrockInstrumentation,
  inferenceProfile,
  bundlers,
  nextjsExternals,
  contentLeak,
  doublePatching,
  ineffectiveBlockLists,
  otelLlmInstrumentations,
  openllmetryAlone,
  otelApiCopies,
  tracerCopies,
  settingsSanity,
  llmobsEnabled,
  llmobsKilled,
  traceloopUrl,
  agentUrl,
  serviceIdentity,
  environmentNamed,
  evaluationGating,
  shutdownHandlers,
  containerCommand,
  gracePeriod,
  promptSync,
  lambdaHandler,
  loaderHooks,
  hookCopies,
  optionalImports,
  productionInstall,
  ignoredScripts,
  custodyDependency,
  missingRegister,
  tracerOrder,
  esmRequireOnly,
  esmInitPath,
  notInstrumented,
  traceloopOrder,
  nodeOptions,
  startCompletes,
  logCorrelation,
  logLevels,
  pollNoise,
  healthNoise,
  otelBridge,
  providerOwner,
  providerSampling,
  openaiInstrumentation,
  otherRuntimes,
  forwardedHeaders,
  signedPropagation,
  pythonPropagationVariables,
  rawResponse,
  streamTee,
  upstreamReachable,
  brokenVersions,
  nodeVersion,
];
