import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import type { SignalKind } from '../contracts/signal.ts';
import { isSignalRequest } from '../bridges/dd-trace/http-seam.ts';
import { takeRequest, type RequestAccounts } from '../bridges/dd-trace/requests.ts';
import { MAX_BODY_BYTES } from '../journal/format.ts';
import { walkTraces, walkTracesV05 } from '../wire/datadog/msgpack-walk.ts';
import { BesideOutcomes } from './beside-outcomes.ts';
import { contentRule } from './content.ts';
import { CustodyStore } from './custody-store.ts';
import { openJournal } from './open-journal.ts';
import { OutcomeBoard } from './outcome-board.ts';
import { RelayBoard } from './relay-board.ts';
import type { RelayInput, ToRelay } from './relay-messages.ts';
import { passOn } from './relay-proxy.ts';
import { relayOwner } from './relay-writers.ts';
import { createSink } from './sink.ts';
import { createSignalGuard } from './tag-guard.ts';
import { VERSION } from './version.ts';

/** Often enough for a lease that others believe for 30 s, and for a disk that takes records again. */
const LOOK_AFTER_MS = 1000;

const input = workerData as RelayInput;
const port = parentPort!;
const board = new RelayBoard(input.memory);
const delivery = new OutcomeBoard(input.board);
const { settings } = input;
let { moves } = input;
const { journal, home, renewLease } = openJournal(
  settings,
  (before) => ({
    service: settings.service,
    delivery: settings.delivery,
    keepspan: VERSION,
    ...relayOwner(input.token, input.moves + before),
  }),
  (_home, before) => {
    moves = input.moves + before;
  },
);
const custody = new CustodyStore(
  journal,
  () => delivery.ring(),
  () => undefined,
);
let rates = input.rates;
const taking = {
  custody,
  sink: createSink({
    custody,
    content: contentRule(settings),
    guard: createSignalGuard(input.settings),
    tracerVersion: input.tracerVersion,
    entity: () => input.entity,
  }),
  rates: () => rates,
};

/** Here signals begin to exist when they arrive: until then the tracer's thread counts them. */
const arrived: Record<SignalKind, number> = { spans: 0, llmSpans: 0, evaluations: 0 };
const arrive = (kind: SignalKind, count: number): void => {
  custody.created(kind, count);
  arrived[kind] += count;
};
const accounts: RequestAccounts = {
  takeEncoded({ path, body }) {
    const { spans } = path.startsWith('/v0.5') ? walkTracesV05(body) : walkTraces(body);
    arrive('spans', spans);
    return spans;
  },
  takeBuffered: arrive,
};

function publish(): void {
  const { memory, page } = journal;
  page.write();
  const inMemory = {
    spans: memory.signals('spans'),
    llmSpans: memory.signals('llmSpans'),
    evaluations: memory.signals('evaluations'),
  };
  board.publish({ moves, arrived, values: page.values(), inMemory });
}

const server = createServer((request, response) => {
  // What a browser or another machine's name leads here is not the tracer.
  const { host, origin } = request.headers;
  if (origin !== undefined || host !== `127.0.0.1:${(server.address() as AddressInfo).port}`)
    response.writeHead(403).end();
  else if (isSignalRequest(request.url ?? '', request.headers)) take(request, response);
  else passOn(input.agentUrl, request, response);
});

function take(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('error', () => response.destroy());
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  request.on('end', () => {
    if (bytes > MAX_BODY_BYTES) response.writeHead(413).end();
    else answer(request, response, Buffer.concat(chunks));
  });
}

function answer(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const { method = 'POST', url: path = '/', headers } = request;
  try {
    const {
      statusCode,
      headers: answered,
      body: text,
    } = takeRequest({ method, path, headers, body }, taking, accounts);
    publish();
    response.writeHead(statusCode, { 'content-type': 'application/json', ...answered }).end(text);
  } catch {
    // Traces of a shape not known here cannot be counted: the Agent may know them, and the ledger goes on showing them
    // as in transit.
    passOn(input.agentUrl, request, response, body);
  }
}

const beside =
  input.besideOutcomes === undefined
    ? undefined
    : new BesideOutcomes({
        home,
        isReadable: () => journal.onDisk,
        // Both are said by the main thread, whose journal lies in the same directory.
        onNobody: () => undefined,
        onError: () => undefined,
      });
const outcomes = input.besideOutcomes === undefined ? undefined : new OutcomeBoard(input.besideOutcomes);

/** After what was journaled is published: nothing is delivered that is not. */
function tellOutcomes(): void {
  const state = beside?.state();
  if (state !== undefined) outcomes?.adopt('restore', state, moves);
}

const timer = setInterval(() => {
  renewLease();
  if (journal.memory.size > 0) journal.drain();
  publish(); // Its folder may be another one now.
  tellOutcomes();
}, LOOK_AFTER_MS);

port.on('message', (message: ToRelay) => {
  if (message.type === 'rates') rates = message.json;
  // What is in the sockets already is read before the last word.
  else if (message.type === 'conclude') setImmediate(() => setImmediate(conclude));
  else stop();
});

function conclude(): void {
  journal.conclude();
  publish();
  beside?.catchUp();
  tellOutcomes();
  board.concluded();
}

function stop(): void {
  clearInterval(timer);
  beside?.stop();
  server.close();
  server.closeAllConnections();
  journal.close();
  publish();
  port.close();
}

server.on('error', () => {
  board.listening(undefined);
  stop();
});
if (home().directory === undefined) {
  board.listening(undefined);
  stop();
} else {
  server.listen(input.port, '127.0.0.1', () => board.listening((server.address() as AddressInfo).port));
}
