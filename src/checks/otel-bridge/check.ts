import {
  found,
  has,
  isFalse,
  isTrue,
  notApplicable,
  pass,
  shownVariable,
  variable,
  type ProjectCheck,
} from '../context.ts';
import { mending } from '../mending.ts';

export const check: ProjectCheck = {
  id: 'KS-OTEL-001',
  slug: 'otel-bridge',
  title: 'DD_TRACE_OTEL_ENABLED makes OpenLLMetry’s wrappers throw',
  target: 'both',
  rationale:
    'dd-trace then replaces OpenTelemetry’s tracer provider by its own, whose spans have no attributes. OpenLLMetry reads them: every call in withWorkflow or withTask ends with a TypeError. OTEL_SDK_DISABLED=false switches the same bridge on.',
  how: 'One of the variables is set and @traceloop/node-server-sdk is there, without a preload on stack dual, which keeps the bridge off.',
  fix: 'remove the variable; one trace id over both streams is what KEEPSPAN_STACK=dual does',
  source: 'docs/facts/instrumentation.md, OpenTelemetry',
  run(context) {
    const bridge = variable(context, 'DD_TRACE_OTEL_ENABLED');
    const sdk = variable(context, 'OTEL_SDK_DISABLED');
    const on = [
      bridge !== undefined && isTrue(bridge.value) ? bridge : undefined,
      sdk !== undefined && isFalse(sdk.value) ? sdk : undefined,
    ].filter((given) => given !== undefined);
    if (on.length === 0) return notApplicable('the bridge is off');
    if (mending(context)?.openllmetry === true)
      return pass(...on.map(shownVariable), 'stack dual keeps the bridge off');
    return has(context, '@traceloop/node-server-sdk') && has(context, 'dd-trace')
      ? found('fail', on.map(shownVariable))
      : pass(...on.map(shownVariable), 'OpenLLMetry is not installed');
  },
};
