const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text for HTML content and quoted attributes. */
const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => ENTITIES[char] as string);

const table = (id: string, title: string, columns: readonly (readonly [string, 'num' | ''])[]): string => `
<section aria-labelledby="${id}-title">
  <div class="title"><h2 id="${id}-title">${title}</h2><span class="soft" id="${id}-note"></span></div>
  <div class="scroll" role="region" aria-labelledby="${id}-title" tabindex="0"><table aria-labelledby="${id}-title">
    <thead><tr>${columns.map(([name, kind]) => `<th scope="col" class="${kind}">${name}</th>`).join('')}</tr></thead>
    <tbody id="${id}"></tbody>
  </table></div>
  <p class="none soft" id="${id}-none">Loading…</p>
</section>`;

/** The page: everything that arrived is filled in by the script, as text, never as markup. */
export function pageHtml(datadogUrl: string, otlpUrl: string): string {
  const datadog = escapeHtml(datadogUrl);
  const otlp = escapeHtml(otlpUrl);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Keepspan workbench</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page.css">
<script src="/page.js" defer></script>
</head>
<body>
<a class="skip" href="#main">Skip to content</a>
<header>
  <h1>Keepspan workbench</h1>
  <span class="soft">Datadog <code>${datadog}</code></span>
  <span class="soft">OTLP <code>${otlp}</code></span>
  <span class="spacer"></span>
  <span class="soft" id="state">Loading…</span>
  <button type="button" id="pause" aria-pressed="false">Pause</button>
</header>
<main id="main" tabindex="-1">
<noscript><p class="note">The lists need JavaScript. The same data as JSON: <a href="/api/ledger">/api/ledger</a>.</p></noscript>
<p class="note" id="note" role="status" hidden></p>
<section id="empty" aria-labelledby="empty-title" hidden>
  <div class="title"><h2 id="empty-title">Listening. Waiting for the first span.</h2></div>
  <pre tabindex="0">export DD_TRACE_AGENT_URL=${datadog}
export DD_LLMOBS_ENABLED=1 DD_LLMOBS_ML_APP=my-app
node --import keepspan/register app.js</pre>
  <p class="none soft">OpenTelemetry instead: <code>export OTEL_EXPORTER_OTLP_ENDPOINT=${otlp}</code></p>
</section>
<section aria-labelledby="ledger-title">
  <div class="title"><h2 id="ledger-title">Ledger</h2>
  <span class="soft">received = stored + evicted + rejected + duplicates</span><span class="spacer"></span>
  <span class="soft" id="storage"></span></div>
  <div class="scroll"><table aria-labelledby="ledger-title">
    <thead><tr><th scope="col">Signal</th><th scope="col" class="num">Received</th><th scope="col" class="num">Stored</th>
    <th scope="col" class="num">Evicted</th><th scope="col" class="num">Rejected</th>
    <th scope="col" class="num">Duplicates</th></tr></thead>
    <tbody id="ledger"></tbody>
  </table></div>
</section>
<section id="trace" aria-labelledby="trace-title" tabindex="-1" hidden>
  <div class="title"><h2 id="trace-title">Trace</h2><span class="soft mono" id="trace-id"></span>
  <span class="spacer"></span><button type="button" id="trace-close">Close</button></div>
  <div class="scroll"><table aria-labelledby="trace-title">
    <thead><tr><th scope="col">Span</th><th scope="col">Service</th><th scope="col">Resource</th>
    <th scope="col">Status</th><th scope="col" class="num">Duration</th></tr></thead>
    <tbody id="trace-spans"></tbody>
  </table></div>
  <p class="none soft" id="trace-note"></p>
</section>
${table('traces', 'Latest traces', [
  ['Time', ''],
  ['Name', ''],
  ['Resource', ''],
  ['Service', ''],
  ['Status', ''],
  ['Protocol', ''],
  ['Spans', 'num'],
  ['Duration', 'num'],
])}
${table('llm', 'Latest LLM spans', [
  ['Time', ''],
  ['Name', ''],
  ['Kind', ''],
  ['Model', ''],
  ['Input', ''],
  ['Output', ''],
  ['Status', ''],
  ['Tokens', 'num'],
  ['Duration', 'num'],
])}
${table('evaluations', 'Latest evaluations', [
  ['Time', ''],
  ['Label', ''],
  ['Value', ''],
  ['Type', ''],
  ['Reasoning', ''],
  ['Span', ''],
])}
</main>
</body>
</html>
`;
}

export const PAGE_ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="M2 3h9v2H2zm2 4h10v2H4zm3 4h6v2H7z" fill="#3b82f6"/></svg>';
