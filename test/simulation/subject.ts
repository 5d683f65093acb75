import { registerHooks } from 'node:module';
import { KNOBS, type Patch } from './knobs.ts';

const SRC = new URL('../../src/', import.meta.url).href;
const PLATFORM = new URL('./platform.ts', import.meta.url).href;
const REPLACED = new Set(['node:fs', 'node:os', 'node:path', 'node:timers/promises', 'node:worker_threads']);
/** Shadow the globals of the same name, in each module of the code under test. */
const SHADOWED =
  'Date, Math, performance, process, setTimeout, clearTimeout, setInterval, clearInterval, thisThread';

/** The code under test, loaded over the simulated machine. */
export interface Subject {
  readonly writer: typeof import('../../src/journal/writer.ts');
  readonly probe: typeof import('../../src/journal/disk-probe.ts');
  readonly guarded: typeof import('../../src/journal/guarded.ts');
  readonly lasting: typeof import('../../src/journal/lasting-writer.ts');
  readonly custody: typeof import('../../src/pipeline/custody-store.ts');
  readonly relay: typeof import('../../src/pipeline/memory-relay.ts');
  readonly memory: typeof import('../../src/pipeline/memory-source.ts');
  readonly deliverer: typeof import('../../src/pipeline/deliverer.ts');
  readonly stream: typeof import('../../src/delivery/stream.ts');
  readonly ledger: typeof import('../../src/pipeline/ledger-view.ts');
}

const mutants = new Map<string, Patch>();
const fitted = new Set<Patch>();
let installed = false;

/**
 * Loads `src` a second time: `node:fs` and the like are the simulated machine's there, the sizes of `KNOBS` are small,
 * and one patch more makes a mutant. Nothing global is touched; modules loaded otherwise are not concerned.
 *
 * @throws Error when a knob or the patch fits its file no more
 */
export async function loadSubject(name = 'original', mutant?: Patch): Promise<Subject> {
  install();
  if (mutant !== undefined) mutants.set(name, mutant);
  const load = async (file: string): Promise<unknown> => import(`${SRC}${file}?simulated=${name}`);
  const subject = {
    writer: await load('journal/writer.ts'),
    probe: await load('journal/disk-probe.ts'),
    guarded: await load('journal/guarded.ts'),
    lasting: await load('journal/lasting-writer.ts'),
    custody: await load('pipeline/custody-store.ts'),
    relay: await load('pipeline/memory-relay.ts'),
    memory: await load('pipeline/memory-source.ts'),
    deliverer: await load('pipeline/deliverer.ts'),
    stream: await load('delivery/stream.ts'),
    ledger: await load('pipeline/ledger-view.ts'),
  } as Subject;
  for (const patch of mutant === undefined ? KNOBS : [...KNOBS, mutant]) {
    if (!fitted.has(patch)) throw new Error(`no part of ${patch.file} was patched: ${patch.find}`);
  }
  return subject;
}

function install(): void {
  if (installed) return;
  installed = true;
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const name = /\?simulated=(.+)$/.exec(context.parentURL ?? '')?.[1];
      if (name === undefined) return nextResolve(specifier, context);
      if (REPLACED.has(specifier)) return { url: PLATFORM, shortCircuit: true };
      const resolved = nextResolve(specifier, context);
      return resolved.url.startsWith(SRC)
        ? { ...resolved, url: `${resolved.url}?simulated=${name}` }
        : resolved;
    },
    load(url, context, nextLoad) {
      const [, file, name] = /^(.*)\?simulated=(.+)$/.exec(url) ?? [];
      if (file === undefined || name === undefined) return nextLoad(url, context);
      const loaded = nextLoad(file, context);
      const text = patch(
        file.slice(SRC.length),
        name,
        Buffer.from((loaded.source ?? '') as string).toString(),
      );
      return { ...loaded, source: `import { ${SHADOWED} } from '${PLATFORM}';${text}` };
    },
  });
}

function patch(file: string, name: string, source: string): string {
  let text = source;
  const mutant = mutants.get(name);
  for (const one of mutant === undefined ? KNOBS : [...KNOBS, mutant]) {
    if (one.file !== file) continue;
    if (text.split(one.find).length !== 2)
      throw new Error(`${one.file}: this stands there not exactly once: ${one.find}`);
    text = text.replace(one.find, () => one.replace);
    fitted.add(one);
  }
  return text;
}
