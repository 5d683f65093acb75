// The exit matrix on the other lines of Node that we support. They run dist: type stripping is not on by default in 22.15.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NODE_VERSIONS, nodeBinary } from '../../scripts/lib/nodes.mjs';
import { createSite, FULL, type Ended, type Site } from '../e2e/support/site.ts';
import { assertAllArrived, assertOnlyUnreleasedLost, made } from '../e2e/support/verdict.ts';
import { eventsOf, EXITS, startSidecar, underRun } from './support.ts';

const COUNT = made(1000);

type Row = (typeof EXITS)[number];

async function judge(site: Site, { end }: Row): Promise<void> {
  if (end === 'sigkill') await assertOnlyUnreleasedLost(site, COUNT);
  else await assertAllArrived(site, COUNT);
}

/** What Node itself has to say about features of its own is not for the users of ours. */
function assertQuiet({ stderr }: Ended): void {
  assert.doesNotMatch(stderr, /ExperimentalWarning|DeprecationWarning|\(node:\d+\)/);
}

/** As a parent sees it that is no shell. */
const endOf = ({ end, code }: Row) =>
  end === 'sigkill' ? { code: null, signal: 'SIGKILL' } : { code, signal: null };

const HOSTS: readonly {
  readonly name: string;
  play(site: Site, row: Row, program: string): Promise<void>;
}[] = [
  {
    name: 'register',
    async play(site, row, program) {
      const ended = await site.run(program, [row.end]);
      assert.deepEqual({ code: ended.code, signal: ended.signal }, endOf(row), ended.stderr);
      assertQuiet(ended);
      await site.replay();
      await judge(site, row);
    },
  },
  {
    name: 'run',
    async play(site, row, program) {
      const ended = await underRun(site, program, [row.end]).ended;
      assert.deepEqual(
        { code: ended.code, signal: ended.signal },
        { code: row.code, signal: null },
        ended.stderr,
      );
      assertQuiet(ended);
      await judge(site, row);
    },
  },
  {
    name: 'sidecar',
    async play(site, row, program) {
      const sidecar = startSidecar(site);
      await sidecar.says(/"delivering"/);
      const ended = await site.run(program, [row.end], { env: { KEEPSPAN_DELIVERY: 'none' } });
      assert.deepEqual({ code: ended.code, signal: ended.signal }, endOf(row), ended.stderr);
      sidecar.process.kill('SIGTERM');
      const last = await sidecar.ended;
      assertQuiet(last);
      assert.deepEqual(eventsOf(last.stdout).at(-1), { event: 'ended', pending: 0, atRisk: 0 });
      await judge(site, row);
    },
  },
];

for (const version of FULL ? NODE_VERSIONS : []) {
  describe(`exits on Node ${version}`, { concurrency: 2 }, () => {
    for (const { name, play } of HOSTS) {
      for (const [index, row] of EXITS.entries()) {
        const program = index % 2 === 0 ? 'app.mjs' : 'app.cjs';
        it(`${row.end}, ${name}: exit ${row.code}, nothing lost, nothing said by Node (${program})`, async (t) => {
          await play(await createSite(t, nodeBinary(version)), row, program);
        });
      }
    }
  });
}
