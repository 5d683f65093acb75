// The layers of the house. Imports go down this list only; every rule says why.
const FOREIGN =
  '(^|(^|/)node_modules/)' +
  '(dd-trace|@traceloop|@opentelemetry|kafkajs|@platformatic|pg|mysql2|mongodb|ioredis|openai|fastify|@aws-sdk|winston)(/|$)';

/** From the bottom up. A folder or file of src belongs to the first layer that names it; the rest is `middle`. */
const below = {
  contracts: '^src/contracts/',
  kernel: '^src/(contracts|kernel)/',
  base: '^src/(contracts|kernel|settings|selfmetrics)/',
};
const NOT_MIDDLE = 'contracts|kernel|settings|selfmetrics|pipeline|verify|workbench|cli';

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'contracts-stand-alone',
      comment:
        'Contracts are the words everybody shares. One that imports code ties every reader to that code.',
      severity: 'error',
      from: { path: '^src/contracts/' },
      to: { pathNot: below.contracts },
    },
    {
      name: 'kernel-knows-contracts-only',
      comment: 'The kernel (clock, errors, queues) is under everything; anything it imported would be too.',
      severity: 'error',
      from: { path: '^src/kernel/' },
      to: { pathNot: below.kernel, dependencyTypesNot: ['core'] },
    },
    {
      name: 'base-knows-the-kernel-only',
      comment:
        'Settings and self-metrics are read by every middle folder and at start, before anything is decided: they ' +
        'load nothing but the kernel and need no package.',
      severity: 'error',
      from: { path: '^src/(settings|selfmetrics)/' },
      to: { pathNot: below.base, dependencyTypesNot: ['core'] },
    },
    {
      name: 'switch-imports-nothing',
      comment: 'Law L10: switched off means absent. The switch is read before anything else may be loaded.',
      severity: 'error',
      from: { path: '^src/settings/switch[.]ts$' },
      to: {},
    },
    {
      name: 'middle-folders-are-strangers',
      comment:
        'Journal, delivery, ledger, redaction, wire, bridges … are put together in pipeline/ alone. Two that import ' +
        'each other can no longer be tested, replaced or reasoned about apart.',
      severity: 'error',
      from: { path: `^src/(?!(?:${NOT_MIDDLE})/)([^/]+)/` },
      to: { path: '^src/', pathNot: [below.base, '^src/$1/'] },
    },
    {
      name: 'pipeline-does-not-look-up',
      comment:
        'The pipeline is what the entry points use; importing them back would start an application by importing a part.',
      severity: 'error',
      from: { path: '^src/pipeline/' },
      to: { path: '^src/((verify|workbench|cli)/|[^/]+[.]ts$)' },
    },
    {
      name: 'verify-does-not-look-up',
      comment:
        'Verification runs services from outside: for the command line, and for tests of users (keepspan/testing), who ' +
        'have no workbench.',
      severity: 'error',
      from: { path: '^src/verify/' },
      to: { path: '^src/((workbench|cli)/|[^/]+[.]ts$)' },
    },
    {
      name: 'verify-is-for-its-entries',
      comment:
        'A receiver, drills and a preload that hides packages have no place in a service: only the command line, the ' +
        'preload of verify and keepspan/testing load them.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/((verify|cli)/|verify-probe[.]ts$|testing[.]ts$)' },
      to: { path: '^src/verify/' },
    },
    {
      name: 'entries-without-workbench-and-cli',
      comment:
        'The entry points run inside production applications; the store, the UI server and the CLI never do.',
      severity: 'error',
      from: { path: '^src/[^/]+[.]ts$' },
      to: { path: '^src/(workbench|cli)/' },
    },
    {
      name: 'workbench-does-not-know-the-cli',
      comment: 'The workbench is embedded by tests and by the CLI; the CLI is a shell above it.',
      severity: 'error',
      from: { path: '^src/workbench/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'no-circles',
      comment:
        'Modules in a circle are one module in several files, with an order of loading that nobody chose.',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'foreign-libraries-in-bridges-only',
      comment:
        'Tracers, brokers and drivers are optional peers, loaded lazily. Bridges alone know them, so that their next ' +
        'version breaks one probe in one place.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/bridges/' },
      to: { path: FOREIGN },
    },
    {
      name: 'pino-in-logging-only',
      comment:
        'Who does not import keepspan/logging does not load pino: it costs start time, and a logger that nobody asked for ' +
        'is a second one.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/logging([.]ts$|/)' },
      to: { path: '(^|/)node_modules/pino/' },
    },
    {
      name: 'commander-in-cli-only',
      comment: 'The command line parser is no business of a running application: it costs start time.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '(^|/)node_modules/commander/' },
    },
    {
      name: 'codecs-in-wire-only',
      comment:
        'Bytes become signals in wire/; a second place that knows msgpack or protobuf is a second dialect.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/wire/' },
      to: { path: '(^|/)node_modules/(@msgpack/msgpack|pbf)/' },
    },
    {
      name: 'src-stays-in-src',
      comment:
        'What is published must not reach into what is not: tests, scripts, benchmarks, examples, its own build.',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bench|examples|web|dist)/' },
    },
    {
      name: 'src-uses-declared-packages',
      comment: 'A development dependency or an undeclared package is absent where Keepspan is installed.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/bridges/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'] },
    },
    {
      name: 'everything-resolves',
      comment: 'An import that resolves to nothing fails when it is loaded, which may be never in a test.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/bridges/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'oracle-shares-no-code',
      comment:
        'The receiver counts what arrives, to check what we say. Code shared with its subject shares its faults.',
      severity: 'error',
      from: { path: '^test/support/receiver[.]ts$' },
      to: { path: '^(src|dist)/' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules', '^dist/'] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
