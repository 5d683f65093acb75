// An evaluation of a span that nobody has sent.
const metrics = [
  {
    join_on: { span: { trace_id: 'f'.repeat(32), span_id: '12345' } },
    ...{ label: 'tone', metric_type: 'score', score_value: 1, timestamp_ms: Date.now(), ml_app: 'app' },
  },
];
await fetch(`${process.env.DD_TRACE_AGENT_URL}/evp_proxy/v2/api/intake/llm-obs/v2/eval-metric`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ data: { type: 'evaluation_metric', attributes: { metrics } } }),
});
