import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { SpanKind } from '../../src/contracts/signal.ts';
import type { SpanBackend, SpanOptions } from '../../src/contracts/spans.ts';
import { shared } from '../../src/pipeline/global.ts';
import { privateFolder } from '../../scripts/lib/private-folder.ts';
import { warningCounts } from '../../src/selfmetrics/warnings.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SOURCE = fileURLToPath(new URL('fixtures/service.ts', import.meta.url));
const DECORATORS = new URL('../../src/decorators.ts', import.meta.url).href;

interface Service {
  extract(question: string): Promise<string>;
  prepare(text: string): string;
  steps(): Generator<number, string>;
  embed(): number[];
  readonly size: number;
  readonly field: string;
}
interface ServiceClass {
  new (): Service;
  price(n: number): number;
  readonly made: number;
}

/** What tsc makes of the fixture, as an application would have it. */
function compile(folder: string, ...options: string[]): string {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const common = [
    '--target',
    'es2022',
    '--module',
    'nodenext',
    '--skipLibCheck',
    '--ignoreConfig',
    '--noCheck',
    '--noResolve',
  ];
  const done = spawnSync(process.execPath, [tsc, SOURCE, '--outDir', folder, ...common, ...options], {
    encoding: 'utf8',
  });
  assert.equal(done.status, 0, done.stdout + done.stderr);
  const text = readFileSync(join(folder, 'service.js'), 'utf8').replace(
    "'../../../src/decorators.ts'",
    JSON.stringify(DECORATORS),
  );
  const file = join(folder, 'service.mjs');
  writeFileSync(file, text);
  return pathToFileURL(file).href;
}

describe('decorators', () => {
  const folder = mkdtempSync(join(privateFolder(), 'decorators-'));
  const started: { kind: SpanKind; name: string; options: SpanOptions; ended: number; error?: unknown }[] =
    [];
  const backend: SpanBackend = {
    captureContent: true,
    start(kind, name, options, body) {
      const span: (typeof started)[number] = { kind, name, options, ended: 0 };
      started.push(span);
      return body({
        end: (error) => {
          span.ended += 1;
          span.error = error;
        },
        annotate: () => undefined,
        run: (fn) => fn(),
      });
    },
    annotate: () => undefined,
    exportSpan: () => undefined,
  };
  let Service: ServiceClass;

  before(async () => {
    ({ Service } = (await import(compile(folder))) as { Service: ServiceClass });
    shared().slot.current = backend;
  });
  after(() => {
    shared().slot.current = undefined;
    rmSync(folder, { recursive: true, force: true });
  });

  test('every kind, on methods of every sort: one span a call, the same result', async () => {
    started.length = 0;
    const service = new Service();
    assert.equal(await service.extract('q'), 'qqq about q answer to q 200');
    assert.deepEqual(
      started.map(({ kind, name }) => [kind, name]),
      [
        ['workflow', 'workflow.extract'],
        ['retrieval', 'search.documents'],
        ['task', 'prepare'],
        ['llm', '#ask'],
        ['tool', 'price'],
      ],
    );
    assert.deepEqual(started.find(({ kind }) => kind === 'llm')!.options, {
      name: '#ask',
      modelName: 'gpt-4o',
      modelProvider: 'openai',
    });
    assert.deepEqual(service.embed(), [0.1]);
    assert.deepEqual([...service.steps()], [1, 2]);
    assert.deepEqual(
      started.slice(5).map(({ kind, name }) => [kind, name]),
      [
        ['embedding', 'embed'],
        ['agent', 'steps'],
      ],
    );
    assert.ok(started.every(({ ended }) => ended === 1));
  });

  test('`this`, statics, the prototype and the name stay what they were', () => {
    const own = Object.getOwnPropertyDescriptor(Service.prototype, 'prepare')!;
    assert.equal(own.enumerable, false);
    assert.equal((own.value as () => void).name, 'prepare');
    assert.equal((own.value as () => void).length, 1);
    const made = Service.made;
    Service.price(1);
    assert.equal(Service.made, made + 1);
    class Child extends (Service as new () => Service) {
      override prepare(text: string): string {
        return `child ${super.prepare(text)}`;
      }
    }
    assert.equal(new Child().prepare('x'), 'child xxx');
  });

  test('a getter and a field stay as they are, and are said', () => {
    const service = new Service();
    assert.deepEqual([service.size, service.field], [42, 'kept']);
    assert.equal(warningCounts()['KS-SPAN-006'], 2);
  });

  test('what experimentalDecorators makes is refused: nothing breaks, it is said', async () => {
    const legacy = mkdtempSync(join(privateFolder(), 'decorators-'));
    try {
      const source = join(legacy, 'legacy.mjs');
      // As tsc emits it: decorator(target, key, descriptor), whose result replaces the descriptor unless undefined.
      writeFileSync(
        source,
        `import { task } from ${JSON.stringify(DECORATORS)};
         export class Old { run(x) { return x + 1; } }
         const descriptor = Object.getOwnPropertyDescriptor(Old.prototype, 'run');
         const replaced = task('t')(Old.prototype, 'run', descriptor);
         Object.defineProperty(Old.prototype, 'run', replaced ?? descriptor);`,
      );
      const { Old } = (await import(pathToFileURL(source).href)) as {
        Old: new () => { run(x: number): number };
      };
      const before = started.length;
      assert.equal(new Old().run(1), 2);
      assert.equal(started.length, before);
      assert.equal(warningCounts()['KS-SPAN-006'], 3);
    } finally {
      rmSync(legacy, { recursive: true, force: true });
    }
  });
});
