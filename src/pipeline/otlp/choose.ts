import { locateTracer } from '../../bridges/dd-trace/locate.ts';
import type { Settings } from '../../settings/table.ts';

/** Whether the stack is `otlp`: named, or an OTLP receiver is and there is no dd-trace. */
export function isOtlp({ stack, otlpEndpoint, otlpTracesEndpoint }: Settings): boolean {
  if (stack !== undefined) return stack === 'otlp';
  if (otlpEndpoint === undefined && otlpTracesEndpoint === undefined) return false;
  return locateTracer(process.argv[1], process.cwd()) === undefined;
}
