/** How much a code weighs: `error` loses or exposes something, `warning` may, `info` is worth knowing. */
export type Severity = 'error' | 'warning' | 'info';

export interface CodeEntry {
  readonly severity: Severity;
  /** What happened, as a sentence without its subject's values. */
  readonly title: string;
  readonly fix: string;
}

/**
 * Every code of a warning or an error, `KS-AREA-NNN`. A code is never reused or renumbered: what is gone leaves a gap.
 * `docs/reference/codes.md` is made from this table.
 */
export const CODES = {
  'KS-ALERT-901': {
    severity: 'warning',
    title: 'The alerts of this process could not be evaluated',
    fix: 'report the error; signals are not touched by it',
  },
  'KS-ALERT-902': {
    severity: 'warning',
    title: 'An alert did not reach its webhook; it is in the log all the same',
    fix: 'correct KEEPSPAN_ALERT_WEBHOOK, or the receiver behind it',
  },
  'KS-AWS-001': {
    severity: 'warning',
    title:
      'Trace headers cannot be kept out of requests whose signature covers one: the tracer injects in another way',
    fix: 'use a tested version of dd-trace, or set DD_TRACE_PROPAGATION_STYLE_INJECT=none',
  },
  'KS-AWS-002': {
    severity: 'warning',
    title: 'Calls to Bedrock make no spans',
    fix: 'load the tracer first (keepspan/register), and remove what switches the integration off; `keepspan doctor` says more',
  },
  'KS-BEDROCK-001': {
    severity: 'warning',
    title:
      'The prompt of a call through an inference profile has a shape that is not known; its span has no input',
    fix: 'call it with Converse, or annotate() the span with what was asked',
  },
  'KS-CALIBRATE-001': {
    severity: 'error',
    title: 'The records hold no label to calibrate with',
    fix: 'give records with complete or judgeScore, some of them incomplete (docs/guides/calibration.md)',
  },
  'KS-CONFIG-001': {
    severity: 'error',
    title: 'A configuration file is there already',
    fix: 'add --force to replace it',
  },
  'KS-CONFIG-002': {
    severity: 'error',
    title: 'A file of variables cannot be read',
    fix: 'name a file of KEY=value lines with --env-file',
  },
  'KS-DELIVERY-001': {
    severity: 'error',
    title: 'Upstream does not take what is sent; it is held in the journal',
    fix: 'correct the address, or the key in DD_API_KEY; delivery goes on by itself when it is taken again',
  },
  'KS-DELIVERY-002': {
    severity: 'warning',
    title: 'Delivery met an error and goes on',
    fix: 'see the error; the ledger shows whether anything is pending',
  },
  'KS-DELIVERY-003': {
    severity: 'error',
    title: 'The delivery thread has died; what is in custody stays in the journal',
    fix: 'restart the process, or run `keepspan deliver` beside it; please report the error',
  },
  'KS-DELIVERY-005': {
    severity: 'warning',
    title: 'Hit statistics of some spans reach nobody; the spans themselves are not touched by it',
    fix: 'see `reason`; the Agent must take /v0.6/stats, as all since 7.25 do',
  },
  'KS-DELIVERY-006': {
    severity: 'error',
    title: 'Nobody delivers what this process journals: KEEPSPAN_DELIVERY is none, and nobody is beside it',
    fix: 'start it by `keepspan run`, or `keepspan deliver --journal <directory>` beside it, or set KEEPSPAN_DELIVERY=worker',
  },
  'KS-DEMO-001': {
    severity: 'error',
    title: 'The demonstration needs dd-trace, and it is not installed',
    fix: 'npm install dd-trace',
  },
  'KS-DEV-001': {
    severity: 'error',
    title: 'A port of the workbench is in use',
    fix: 'stop what listens there, or take any free ports: keepspan dev --port 0 --otlp-port 0',
  },
  'KS-DEV-002': {
    severity: 'error',
    title: 'A port of the workbench needs privileges',
    fix: 'choose a port above 1023',
  },
  'KS-DEV-003': {
    severity: 'error',
    title: 'The workbench could not start',
    fix: 'check --db, or leave it out to store in memory',
  },
  'KS-DEV-004': {
    severity: 'error',
    title: 'An option of the workbench is not understood',
    fix: '`keepspan dev --help` says what it takes',
  },
  'KS-DEV-005': {
    severity: 'error',
    title: 'The workbench could be reached from elsewhere without a token',
    fix: 'add --token, or leave --host out to listen on loopback',
  },
  'KS-DOCTOR-001': {
    severity: 'error',
    title: 'The doctor was given more than one directory',
    fix: 'put the command behind --: keepspan doctor [dir] -- node app.js',
  },
  'KS-DOCTOR-002': {
    severity: 'error',
    title: 'There is no check of that name',
    fix: '`keepspan doctor --list` says which there are',
  },
  'KS-DOCTOR-003': {
    severity: 'error',
    title: 'What the doctor was to look at is no directory',
    fix: 'name the directory of the project',
  },
  'KS-DOCTOR-004': {
    severity: 'error',
    title: 'The command whose start was to be watched was not seen',
    fix: 'put a command behind -- that starts the service with node, npm or a script',
  },
  'KS-DUAL-001': {
    severity: 'error',
    title:
      'Stack dual was asked for, but OpenLLMetry is not installed where the application finds it; stack datadog runs',
    fix: 'npm install @traceloop/node-server-sdk, or KEEPSPAN_STACK=datadog',
  },
  'KS-DUAL-002': {
    severity: 'error',
    title: 'Stack dual was asked for, but no receiver of the framework stream is named; stack datadog runs',
    fix: 'set TRACELOOP_BASE_URL, such as http://collector:4318',
  },
  'KS-DUAL-003': {
    severity: 'warning',
    title: "Framework spans are not in custody: OpenLLMetry's own exporter sends them, and may lose them",
    fix: 'let keepspan/register start OpenLLMetry, and no other OpenTelemetry provider be registered before it',
  },
  'KS-DUAL-004': {
    severity: 'warning',
    title:
      'A framework could not be instrumented; its own spans are missing, the calls of its models are not',
    fix: 'see the error; use a version that OpenLLMetry supports',
  },
  'KS-DUAL-005': {
    severity: 'error',
    title: 'OpenLLMetry could not be started; there is no framework stream, stack datadog runs',
    fix: 'see the error; @traceloop/node-server-sdk 0.27 is tested',
  },
  'KS-EVAL-001': {
    severity: 'warning',
    title: 'An evaluation is not valid and was not submitted',
    fix: 'correct the call at `site`; `why` says what is wrong',
  },
  'KS-EVAL-002': {
    severity: 'warning',
    title: 'A recall evaluation is not valid and was skipped',
    fix: 'correct the call at `site`; `why` says what is wrong',
  },
  'KS-EVAL-003': {
    severity: 'error',
    title: 'The queue of recall evaluations met an error; they wait in bounded memory and may be sent twice',
    fix: 'see the error: the disk of KEEPSPAN_JOURNAL_DIR is full, read-only or failing',
  },
  'KS-EVAL-004': {
    severity: 'error',
    title: 'The evaluation thread has died and is started again; what is queued stays on disk',
    fix: 'see the error; please report it',
  },
  'KS-EVAL-005': {
    severity: 'error',
    title: 'More than 16 judges were given; what asks for a further one is skipped',
    fix: 'give the same judge to all calls; a function is known by its name',
  },
  'KS-EVAL-006': {
    severity: 'error',
    title: 'Recall evaluations of an earlier process are sealed with another key; they are held',
    fix: 'set KEEPSPAN_JOURNAL_KEY to the key they were written with, and start once more',
  },
  'KS-EVAL-007': {
    severity: 'error',
    title: 'There is no judge to backfill with',
    fix: 'set KEEPSPAN_JUDGE_URL and KEEPSPAN_JUDGE_MODEL, or name a module with --judge FILE',
  },
  'KS-EVAL-008': {
    severity: 'warning',
    title: 'More recall evaluations pass above the threshold than a judge would let pass: it has drifted',
    fix: 'run `keepspan evaluate --records` and `keepspan calibrate` on what it prints, then set KEEPSPAN_RECALL_THRESHOLD',
  },
  'KS-JOURNAL-001': {
    severity: 'error',
    title: 'The journal directory cannot be created or used',
    fix: 'set KEEPSPAN_JOURNAL_DIR to a directory that this user can read and write',
  },
  'KS-JOURNAL-002': {
    severity: 'error',
    title: 'The journal directory is not ours, or of a newer format',
    fix: 'choose an empty directory, or run the version that wrote it',
  },
  'KS-JOURNAL-003': {
    severity: 'error',
    title: 'The journal directory is not safe to write to',
    fix: 'choose a directory that belongs to this user alone, with no link in its path',
  },
  'KS-JOURNAL-004': {
    severity: 'error',
    title:
      'The journal cannot be written; what comes is kept in bounded memory and the disk tried again each second',
    fix: 'make room, or remount the volume writable; `error` says which',
  },
  'KS-JOURNAL-005': {
    severity: 'error',
    title: 'There is no journal where one was looked for',
    fix: 'name the directory with --journal DIR or KEEPSPAN_JOURNAL_DIR',
  },
  'KS-JOURNAL-006': {
    severity: 'error',
    title: 'Records in the journal are sealed with another key; they are held, neither lost nor sent',
    fix: 'run `keepspan deliver` with the KEEPSPAN_JOURNAL_KEY they were written with, or purge them',
  },
  'KS-JOURNAL-007': {
    severity: 'error',
    title: 'The key of the journal cannot be read; nothing is written to disk, what waits is kept in memory',
    fix: 'set KEEPSPAN_JOURNAL_KEY to 32 bytes, as 64 hexadecimal digits or base64: openssl rand -base64 32',
  },
  'KS-JOURNAL-008': {
    severity: 'warning',
    title:
      'This process stood still for longer than its lease of 30 s; its journal folder was ended by a deliverer that cannot see it, and it goes on in another one',
    fix: 'share the PID namespace with whoever delivers (`shareProcessNamespace: true` in a pod), or give the container more CPU; nothing is lost by it',
  },
  'KS-KAFKA-001': {
    severity: 'warning',
    title: 'A producer writes headers in a way that is not known here; its messages carry no trace context',
    fix: 'serialize header keys and values from strings or Buffers; spans are made all the same',
  },
  'KS-KAFKA-002': {
    severity: 'warning',
    title: 'Spans of a Kafka client could not be made; its messages are not affected',
    fix: 'see the error; this is a fault in keepspan or the tracer, please report it',
  },
  'KS-LIFECYCLE-001': {
    severity: 'warning',
    title: 'manage() does not recognise a resource; it will not be closed at shutdown',
    fix: "say how it closes: onShutdown('pools', 'name', () => resource.yourCloseMethod())",
  },
  'KS-LIFECYCLE-002': {
    severity: 'warning',
    title: 'A resource was registered after the last phase that closes resources; it will not be closed',
    fix: 'register resources when they are created, not while the process shuts down',
  },
  'KS-LIFECYCLE-003': {
    severity: 'warning',
    title: 'Too many resources are registered; a further one will not be closed at shutdown',
    fix: 'manage long-lived resources only, and call what onShutdown() returns when one is closed earlier',
  },
  'KS-LIFECYCLE-004': {
    severity: 'warning',
    title: 'An argument of manage() or onShutdown() is not valid',
    fix: "onShutdown('announce' | 'consumers' | 'producers' | 'pools', name, fn, { timeoutMs? })",
  },
  'KS-LIFECYCLE-005': {
    severity: 'error',
    title: 'The shutdown could not be completed or recorded',
    fix: 'this is a fault in keepspan; please report it with its message',
  },
  'KS-OBSERVE-001': {
    severity: 'error',
    title: 'The address for counting could not be opened',
    fix: 'allow listening on 127.0.0.1; the service itself is not started without being counted',
  },
  'KS-OTLP-001': {
    severity: 'warning',
    title: 'A CustodySpanProcessor does nothing: KEEPSPAN_STACK is off',
    fix: 'remove KEEPSPAN_STACK=off, or leave the processor out where nothing is to be observed',
  },
  'KS-OTLP-002': {
    severity: 'error',
    title: 'An OpenTelemetry span cannot be written and is not kept',
    fix: 'see the error; what the application sets on spans are texts, numbers, booleans and lists of them',
  },
  'KS-OTLP-003': {
    severity: 'error',
    title: 'Stack otlp found no @opentelemetry/api beside the application; there are no spans',
    fix: 'npm install @opentelemetry/api @opentelemetry/sdk-trace-node, or choose another KEEPSPAN_STACK',
  },
  'KS-OTLP-004': {
    severity: 'error',
    title: 'Stack otlp found no OpenTelemetry provider and no SDK to make one of; there are no spans',
    fix: 'npm install @opentelemetry/sdk-trace-node, or start a NodeSDK before the first span',
  },
  'KS-OTLP-005': {
    severity: 'error',
    title: 'The registered OpenTelemetry provider takes no further processor; its spans are not in custody',
    fix: 'add new CustodySpanProcessor() of keepspan/otel to the spanProcessors of the provider',
  },
  'KS-OTLP-006': {
    severity: 'error',
    title: 'Custody of OpenTelemetry spans could not be started; the application runs on without it',
    fix: 'see the error; endpoints are http or https addresses such as http://collector:4318',
  },
  'KS-OTLP-007': {
    severity: 'warning',
    title: 'Spans wait for an OTLP receiver that is not configured any more',
    fix: 'name that endpoint once more until they are delivered, or remove them: keepspan purge --journal <directory>',
  },
  'KS-OTLP-008': {
    severity: 'warning',
    title: 'Spans wait for an OTLP receiver of which the deliverer does not know enough',
    fix: 'give it the OTEL_EXPORTER_OTLP_… or TRACELOOP_… variables of the application, or KEEPSPAN_OTLP_RECEIVER_HEADERS; the next start of the application delivers them, too',
  },
  'KS-OTLP-009': {
    severity: 'warning',
    title:
      'openai was loaded before Keepspan: below its OpenTelemetry instrumentation .parse() and raw responses throw',
    fix: 'start with `node --import keepspan/register app.js`, or make the CustodySpanProcessor before openai is loaded',
  },
  'KS-PROOF-001': {
    severity: 'error',
    title: 'keepspan verify does not know what to run, or what to send to it',
    fix: 'keepspan verify --request \'POST /path {"a":1}\' -- node --import keepspan/register app.js',
  },
  'KS-PROOF-002': {
    severity: 'error',
    title: 'There is no check of that name',
    fix: '`keepspan verify --list` says which there are',
  },
  'KS-PROOF-003': {
    severity: 'error',
    title: 'The service that was to be verified did not start',
    fix: 'see its last lines above; --start-timeout-ms gives it longer, --url says where it listens',
  },
  'KS-PROOF-004': {
    severity: 'error',
    title: 'The workbench at --to did not take the checklist',
    fix: 'name the address that `keepspan dev` prints for its page',
  },
  'KS-PURGE-001': {
    severity: 'error',
    title: 'Somebody still writes to the journal or delivers it; nothing was removed',
    fix: 'stop the processes that are named, then purge again',
  },
  'KS-PURGE-002': {
    severity: 'error',
    title: 'It was not said what to remove',
    fix: 'name it: --older-than 7d, --kind spans, --quarantine, or --all',
  },
  'KS-METRICS-001': {
    severity: 'warning',
    title: 'A meter does not take our metrics',
    fix: 'give observeMetrics() a Meter of @opentelemetry/api 1.x',
  },
  'KS-POLICY-001': {
    severity: 'error',
    title: 'A sampling policy is not a list of rules; everything is kept',
    fix: 'write a list of rules, such as [{"resource":"GET /health","sample_rate":0}]',
  },
  'KS-POLICY-002': {
    severity: 'error',
    title: 'A sampling policy has a key that means nothing; everything is kept',
    fix: 'correct the key at `at`, or remove it; `keepspan policy check` says which keys there are',
  },
  'KS-POLICY-003': {
    severity: 'error',
    title: 'A value in a sampling policy is not understood or out of its range; everything is kept',
    fix: 'correct the value at `at`; rates are fractions from 0 to 1',
  },
  'KS-POLICY-004': {
    severity: 'error',
    title: 'A pattern in a sampling policy could cost too much on every trace; everything is kept',
    fix: 'write a short glob: * is any text, ? one character; regular expressions are not taken',
  },
  'KS-POLICY-005': {
    severity: 'warning',
    title: 'A sampling rule can never match on Node',
    fix: 'write the rule that `keepspan policy check` names instead',
  },
  'KS-POLICY-006': {
    severity: 'warning',
    title: 'A sampling rule is never asked: one before it matches all that it matches',
    fix: 'move it up, or remove it',
  },
  'KS-POLICY-007': {
    severity: 'warning',
    title: 'A sampling rule is aimed at LLM work, which is never sampled out',
    fix: 'remove the rule; to send fewer LLM spans, make fewer calls',
  },
  'KS-POLICY-008': {
    severity: 'warning',
    title: 'A sampling rule has a limit per second, on which processes cannot agree',
    fix: 'lower its rate instead of setting max_per_second',
  },
  'KS-POLICY-009': {
    severity: 'error',
    title: 'There is no recorded traffic where it was looked for, or it cannot be read',
    fix: 'name a journal directory, or a file of trace payloads (msgpack) or of traces as JSON, one a line',
  },
  'KS-REDACT-002': {
    severity: 'warning',
    title: 'Content may leave: the spans of the tracer do not pass through here at this level of custody',
    fix: 'set KEEPSPAN_CUSTODY to wire or full, or switch content off in the tracer',
  },
  'KS-REDACT-003': {
    severity: 'error',
    title: 'A pattern of KEEPSPAN_REDACT_PATTERNS cannot be used; no content is kept',
    fix: 'correct the pattern that `at` names',
  },
  'KS-RUN-001': {
    severity: 'error',
    title: 'The command could not be started',
    fix: 'check its name, its place in PATH and its permissions; `keepspan run -- node app.js` is the form',
  },
  'KS-RUN-002': {
    severity: 'warning',
    title: 'This process is PID 1 and cannot reap what others leave behind',
    fix: 'use an image with /bin/sh, or an init in front: docker run --init, shareProcessNamespace, tini',
  },
  'KS-RUN-003': {
    severity: 'warning',
    title: 'Not everything was delivered when `keepspan run` ended; the rest is in the journal',
    fix: 'the next start on this journal delivers it; where it dies with the pod (`atRisk`), give more grace time',
  },
  'KS-RUN-004': {
    severity: 'error',
    title: 'Bun or Deno runs the service; observability is off there',
    fix: 'run the service with Node 24; Bun and Deno may go on to install and build it',
  },
  'KS-RUN-005': {
    severity: 'error',
    title:
      'Keepspan was bundled into the application and does not find its own parts; it can switch nothing on',
    fix: 'keep `keepspan` external to the bundle and preload keepspan/register (docs/guides/bundlers.md)',
  },
  'KS-SEAM-001': {
    severity: 'warning',
    title:
      'Requests to the Agent cannot be taken over inside the process; the fallback named in `seam` holds',
    fix: '`observability_initialized` says what holds; use a version of dd-trace that is tested',
  },
  'KS-SEAM-002': {
    severity: 'warning',
    title: 'The LLM writer of the tracer is not the one known here; LLM spans are taken over on the wire',
    fix: 'use a version of dd-trace that is tested, or set KEEPSPAN_CUSTODY=wire to say that this is intended',
  },
  'KS-SEAM-003': {
    severity: 'warning',
    title: 'Spans cannot be counted where they are made; how many were created is unobserved',
    fix: 'use a version of dd-trace that is tested; custody itself goes on',
  },
  'KS-SEAM-004': {
    severity: 'warning',
    title: 'This version of dd-trace is not among the tested ones; custody uses less of its internals',
    fix: 'use a tested version, or set KEEPSPAN_CUSTODY to say how far custody goes',
  },
  'KS-SEAM-005': {
    severity: 'error',
    title:
      'The loopback relay has died; it is started again at its address, and the tracer tries again meanwhile',
    fix: 'see the error; the ledger shows what the tracer gave up as in transit; please report it',
  },
  'KS-SEAM-006': {
    severity: 'warning',
    title: 'The tracer sends to another address than the settings name; its requests are taken over there',
    fix: 'say the address once, in DD_TRACE_AGENT_URL; `tracer` is where it sends',
  },
  'KS-SELF-001': {
    severity: 'warning',
    title: 'Too many different warnings; further ones are counted, not written',
    fix: 'correct the warnings that were written first; `health()` has the counts',
  },
  'KS-SETTINGS-001': {
    severity: 'warning',
    title: 'The value of a setting is not understood',
    fix: 'correct the value; docs/reference/settings.md says what is accepted',
  },
  'KS-SETTINGS-002': {
    severity: 'warning',
    title: 'The value of a setting is out of its range',
    fix: 'choose a value inside the range; docs/reference/settings.md has it',
  },
  'KS-SETTINGS-003': {
    severity: 'warning',
    title: 'A KEEPSPAN_ variable is no setting',
    fix: 'correct its name, or remove it',
  },
  'KS-SETTINGS-004': {
    severity: 'warning',
    title: 'An option is no setting',
    fix: 'correct its key, or remove it',
  },
  'KS-SETTINGS-005': {
    severity: 'info',
    title: 'The environment names no profile; the defaults of production apply',
    fix: 'set KEEPSPAN_ENV to development, staging or production',
  },
  'KS-SETTINGS-006': {
    severity: 'warning',
    title: 'There is no directory for the journal; what waits is kept in memory',
    fix: 'set KEEPSPAN_JOURNAL_DIR to a directory on a mounted volume',
  },
  'KS-SETTINGS-007': {
    severity: 'error',
    title: 'Sending without an Agent needs an API key',
    fix: 'set DD_API_KEY from a secret, or DD_LLMOBS_AGENTLESS_ENABLED=0 to send through the Agent',
  },
  'KS-SETTINGS-008': {
    severity: 'error',
    title: 'The configuration file cannot be read; it counts as empty',
    fix: 'correct the file; `keepspan config check` reads it again',
  },
  'KS-SETTINGS-009': {
    severity: 'warning',
    title: 'A part of the configuration file is not understood',
    fix: 'correct its name or its shape; docs/guides/settings.md shows the file',
  },
  'KS-SETTINGS-010': {
    severity: 'warning',
    title: 'A variable looks like a misspelt name of a setting',
    fix: 'correct its name, or remove it',
  },
  'KS-SETTINGS-011': {
    severity: 'error',
    title: 'The tracer is switched off while LLM Observability is on',
    fix: 'remove DD_TRACE_ENABLED=false; to do without APM traces set DD_APM_TRACING_ENABLED=false',
  },
  'KS-SETTINGS-012': {
    severity: 'warning',
    title: 'One setting switches observability on, another says no',
    fix: 'KEEPSPAN_STACK=off switches everything off; without KEEPSPAN_STACK DD_LLMOBS_ENABLED decides',
  },
  'KS-SETTINGS-013': {
    severity: 'error',
    title: 'OpenTelemetry is switched off while the stack needs it',
    fix: 'remove OTEL_SDK_DISABLED, or use KEEPSPAN_STACK=datadog',
  },
  'KS-SETTINGS-014': {
    severity: 'warning',
    title: 'Datadog has no such site',
    fix: 'use one of the sites in docs/guides/settings.md',
  },
  'KS-SETTINGS-015': {
    severity: 'error',
    title: 'The path of an OTLP endpoint would stand there twice',
    fix: 'end the URL before /v1/traces',
  },
  'KS-SETTINGS-016': {
    severity: 'warning',
    title: 'An address has the port of another protocol',
    fix: 'the Agent takes traces of Datadog tracers on 8126, OTLP by HTTP on 4318',
  },
  'KS-SETTINGS-017': {
    severity: 'warning',
    title: 'Two settings name different addresses of the Agent',
    fix: 'keep the one that is meant and remove the other',
  },
  'KS-SETTINGS-018': {
    severity: 'error',
    title: 'The drain delay takes the whole budget of the shutdown',
    fix: 'choose a delay well below KEEPSPAN_SHUTDOWN_TIMEOUT_MS',
  },
  'KS-SETTINGS-019': {
    severity: 'info',
    title: 'Records wait in the journal for longer than upstream takes them',
    fix: 'leave KEEPSPAN_JOURNAL_MAX_AGE_MS at 24h, unless another upstream takes older records',
  },
  'KS-SETTINGS-020': {
    severity: 'warning',
    title: 'Datadog and OpenTelemetry settings name one thing differently',
    fix: 'give both the same value',
  },
  'KS-SETTINGS-021': {
    severity: 'warning',
    title: 'A setting stands in the configuration file that belongs into the environment',
    fix: 'set its variable in the environment instead',
  },
  'KS-SETTINGS-022': {
    severity: 'error',
    title: 'A deployment of this profile should have a setting that it has not',
    fix: '`keepspan config k8s` prints what a deployment needs',
  },
  'KS-SPAN-001': {
    severity: 'warning',
    title: 'A wrapper was not given a function; what it was given is returned as it is',
    fix: "workflow('name', async (input) => …): the function is the second argument",
  },
  'KS-SPAN-002': {
    severity: 'error',
    title: 'The tracer failed around a wrapped function; the function ran all the same',
    fix: 'see the error; the span is missing or incomplete',
  },
  'KS-SPAN-003': {
    severity: 'warning',
    title: 'A span could not be annotated',
    fix: 'see the error; the span is there without what could not be added',
  },
  'KS-SPAN-004': {
    severity: 'warning',
    title: 'annotate() could not say it on the active span',
    fix: 'call it inside a wrapped function, with the shapes of its documentation; `error` says what is wrong',
  },
  'KS-SPAN-005': {
    severity: 'warning',
    title: 'An option of a wrapper is not valid and was left out',
    fix: "workflow('name', fn), or workflow({ name, sessionId, mlApp, modelName, modelProvider }, fn), all of them texts",
  },
  'KS-SPAN-006': {
    severity: 'warning',
    title: 'A decorator stands on something that is no method; it has no effect there',
    fix: 'decorate methods (static and private ones, too), without experimentalDecorators in tsconfig.json; wrap anything else with a function of `keepspan`',
  },
  'KS-STACK-002': {
    severity: 'error',
    title: 'Observability is switched on, but dd-trace is not installed where the application finds it',
    fix: 'npm install dd-trace',
  },
  'KS-STACK-003': {
    severity: 'error',
    title: 'The tracer could not be started; the application runs without it',
    fix: 'see the error; use a tested version of dd-trace',
  },
  'KS-START-001': {
    severity: 'error',
    title: 'Observability could not be started; the application runs on without it',
    fix: 'this is a fault in keepspan; please report it with its message',
  },
  'KS-START-002': {
    severity: 'warning',
    title: 'Libraries were loaded before the tracer; what they do is not traced, or not in full',
    fix: 'start with `node --import keepspan/register`, before everything that loads them',
  },
  'KS-START-003': {
    severity: 'warning',
    title: 'Nobody takes connections at the address of upstream; signals wait in the journal',
    fix: 'check DD_TRACE_AGENT_URL and DD_AGENT_HOST, and that the Agent runs; delivery goes on by itself',
  },
  'KS-START-004': {
    severity: 'warning',
    title: 'The health route could not be opened',
    fix: 'choose a free port with KEEPSPAN_HEALTH_PORT',
  },
  'KS-TAGS-001': {
    severity: 'warning',
    title: 'A tag has too many different values; what exceeds the limit goes to metadata',
    fix: 'put it into metadata yourself, or raise KEEPSPAN_TAG_LIMIT where each value is worth an index',
  },
  'KS-UI-001': {
    severity: 'error',
    title: 'The page gets no answer from the workbench',
    fix: 'see whether `keepspan dev` still runs; what it said last stands in its terminal',
  },
  'KS-UI-002': {
    severity: 'warning',
    title: 'The workbench refuses what the page asks',
    fix: 'the message says why: a search that cannot be read, or a session that has ended (open the link again)',
  },
  'KS-UI-003': {
    severity: 'error',
    title: 'The workbench fails to answer the page',
    fix: 'look at /api/health for its last failure; a full disk is the usual one',
  },
} as const satisfies Readonly<Record<`KS-${string}-${number}`, CodeEntry>>;

/** Where the code is explained. */
export function docsAnchor(code: string): string {
  return `docs/reference/codes.md#${code.toLowerCase()}`;
}
