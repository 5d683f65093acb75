import type { JSX } from 'preact';
import { health } from '../../data/live.ts';
import { Copy } from '../../ui/controls.tsx';
import { Empty } from '../../ui/states.tsx';

/** Before the first span: where it listens, and one snippet that sends something. */
export function Waiting(): JSX.Element {
  const datadog = health.value?.datadogUrl ?? 'http://127.0.0.1:8126';
  const otlp = health.value?.otlpUrl ?? 'http://127.0.0.1:4318';
  const lines = `export DD_TRACE_AGENT_URL=${datadog}
export DD_LLMOBS_ENABLED=1 DD_LLMOBS_ML_APP=my-app
node --import keepspan/register app.js`;
  return (
    <Empty icon="traces" title="Listening. Waiting for the first span.">
      <p>
        Datadog protocol on <code>{datadog}</code>, OTLP over HTTP on <code>{otlp}</code>.
      </p>
      <div class="snippet">
        <pre tabIndex={0}>{lines}</pre>
        <Copy text={lines} label="Copy these lines" />
      </div>
      <p class="soft">
        With OpenTelemetry: <code>export OTEL_EXPORTER_OTLP_ENDPOINT={otlp}</code>
      </p>
    </Empty>
  );
}
