// Logs lines with keepspan/logging inside a span of dd-trace, and the same lines with pino alone. Arguments: rounds,
// lines a round.
import { createRequire } from 'node:module';
import { logger, setupLogging } from 'keepspan/logging';
import { pino } from 'pino';

/** Microseconds a line, one value a round. */
export interface LoggingCosts {
  readonly keepspan: readonly number[];
  readonly pino: readonly number[];
  /** The same logger of keepspan/logging with no span active. */
  readonly outside: readonly number[];
  /** A line of each, to see what is compared. */
  readonly shown: { readonly keepspan: string; readonly pino: string };
}

interface Tracer {
  init(options: object): Tracer;
  trace<T>(name: string, body: () => T): T;
}

const [rounds = 0, lines = 0] = process.argv.slice(2).map(Number);
const tracer = (createRequire(import.meta.url)('dd-trace') as Tracer).init({ flushInterval: 3_600_000 });
/** A line is written to be read: one that stays a rope of strings has not been paid for. */
const nowhere = pino.destination({ dest: '/dev/null', sync: true });
let last = '';
const destination = {
  write(line: string) {
    last = line;
    nowhere.write(line);
  },
};
setupLogging({ destination, console: false, stdout: false, http: false, debugSignal: false });
const own = logger('app');
const alone = pino(
  {
    base: { service: 'bench', env: 'prod', version: '1', hostname: 'h', logger: 'app' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
  },
  destination,
);

function measure(log: { info(fields: object, message: string): void }): number {
  const before = process.threadCpuUsage();
  for (let i = 0; i < lines; i++) log.info({ field_name: 'licence', attempt: i }, 'a field was extracted');
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / lines;
}

const costs = { keepspan: [] as number[], pino: [] as number[], outside: [] as number[] };
for (let round = -3; round < rounds; round++) {
  const [keepspan, plain] = tracer.trace('bench', () => [measure(own), measure(alone)] as const);
  const outside = measure(own);
  if (round < 0) continue; // Until everything is compiled.
  costs.keepspan.push(keepspan);
  costs.pino.push(plain);
  costs.outside.push(outside);
}
const show = (log: typeof own): string => {
  tracer.trace('bench', () => log.info({ field_name: 'licence' }, 'shown'));
  return last;
};
process.send!({ ...costs, shown: { keepspan: show(own), pino: show(alone) } } satisfies LoggingCosts);
process.exit();
