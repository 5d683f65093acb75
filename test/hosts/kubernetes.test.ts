import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { DaemonSet, Deployment, StatefulSet } from 'kubernetes-models/apps/v1';
import { parseDocument } from 'yaml';
import { TABLE } from '../../src/settings/table.ts';
import { ROOT } from '../e2e/support/site.ts';

const FOLDER = join(ROOT, 'deploy', 'kubernetes');
/** deployment.yaml is what `keepspan config` prints, and tested there. */
const FILES = ['emptydir.yaml', 'hostpath.yaml', 'pvc.yaml', 'sidecar.yaml'];
const MODELS = { DaemonSet, Deployment, StatefulSet };

interface Container {
  readonly name: string;
  readonly command: readonly string[];
  readonly restartPolicy?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
  readonly lifecycle?: { readonly preStop?: { readonly sleep?: { readonly seconds: number } } };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: { readonly readOnlyRootFilesystem?: boolean };
}

interface Workload {
  readonly kind: keyof typeof MODELS;
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [Container];
        readonly initContainers?: readonly Container[];
        readonly volumes?: readonly {
          readonly name: string;
          readonly emptyDir?: { readonly sizeLimit: string };
        }[];
      };
    };
  };
}

function load(file: string): Workload {
  const document = parseDocument(readFileSync(join(FOLDER, file), 'utf8'), {
    strict: true,
    uniqueKeys: true,
  });
  assert.deepEqual([...document.errors, ...document.warnings], []);
  return document.toJS() as Workload;
}

function validate(workload: Workload): void {
  const Model = MODELS[workload.kind];
  new Model(workload as never).validate();
}

/** Maps with keys of the user's own. */
const FREE = new Set(['labels', 'matchLabels', 'requests', 'limits', 'annotations']);

/** The schemas accept fields that they do not know, and so would a cluster that does not ask for strict ones. */
function unknownFields(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(unknownFields);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(KNOWN.has(key) ? [] : [key]),
    ...(FREE.has(key) ? [] : unknownFields(inner)),
  ]);
}

const KNOWN = new Set(
  [
    'kubernetes-models/v1',
    'kubernetes-models/apps/v1',
    '@kubernetes-models/apimachinery/apis/meta/v1',
  ].flatMap((folder) => {
    const path = join(ROOT, 'node_modules', folder);
    const declarations = readdirSync(path).filter((name) => name.endsWith('.d.ts'));
    return declarations.flatMap((name) =>
      [...readFileSync(join(path, name), 'utf8').matchAll(/^ +"?(\w+)"?\??:/gm)].map(([, field]) => field!),
    );
  }),
);

const variable = ({ env = [] }: Container, name: string): string | undefined =>
  env.find((one) => one.name === name)?.value;

describe('manifests', () => {
  for (const file of FILES) {
    it(`${file} is valid by the published schema`, () => {
      validate(load(file));
    });

    it(`${file}: a field of the wrong type, and one that is missing, are seen`, () => {
      const wrong = structuredClone(load(file)) as {
        spec: { template: { spec: { terminationGracePeriodSeconds: unknown } } };
      };
      wrong.spec.template.spec.terminationGracePeriodSeconds = 'soon';
      assert.throws(() => validate(wrong as unknown as Workload));
      const { selector: _selector, ...spec } = load(file).spec;
      assert.throws(() => validate({ ...load(file), spec } as unknown as Workload));
    });

    it(`${file}: every field is one of the published schemas`, () => {
      assert.deepEqual(unknownFields(load(file)), []);
      assert.deepEqual(unknownFields({ spec: { volumeMount: [{ mountpath: '' }] } }), [
        'volumeMount',
        'mountpath',
      ]);
    });

    it(`${file}: selector and labels agree, and every mount has its volume`, () => {
      const { selector, template } = load(file).spec;
      assert.deepEqual(selector.matchLabels, template.metadata.labels);
      const claims =
        (load(file).spec as { volumeClaimTemplates?: readonly { metadata: { name: string } }[] })
          .volumeClaimTemplates ?? [];
      const volumes = [
        ...(template.spec.volumes ?? []).map(({ name }) => name),
        ...claims.map(({ metadata }) => metadata.name),
      ];
      for (const container of [...template.spec.containers, ...(template.spec.initContainers ?? [])]) {
        for (const { name } of container.volumeMounts) assert.ok(volumes.includes(name), name);
      }
    });

    it(`${file}: everything that happens at the end fits into the grace period`, () => {
      const {
        containers,
        initContainers = [],
        terminationGracePeriodSeconds: graceS,
      } = load(file).spec.template.spec;
      const [application] = containers;
      const preStopS = application.lifecycle?.preStop?.sleep?.seconds ?? 0;
      const shutdownS = Number(variable(application, 'KEEPSPAN_SHUTDOWN_TIMEOUT_MS') ?? 25_000) / 1000;
      const sidecar = initContainers.find(({ restartPolicy }) => restartPolicy === 'Always');
      const sidecarS =
        sidecar === undefined ? 0 : Number(sidecar.command[sidecar.command.indexOf('--timeout') + 1]) / 1000;
      assert.ok(preStopS > 0 && Number.isFinite(sidecarS));
      assert.ok(
        preStopS + shutdownS + sidecarS + 5 <= graceS,
        `${preStopS} + ${shutdownS} + ${sidecarS} + 5 > ${graceS}`,
      );
    });

    it(`${file}: the root is read-only, and the journal is on the volume, in a directory that we make`, () => {
      const { containers, initContainers = [], volumes = [] } = load(file).spec.template.spec;
      const [application] = containers;
      for (const container of [application, ...initContainers])
        assert.equal(container.securityContext.readOnlyRootFilesystem, true);
      const { mountPath } = application.volumeMounts[0]!;
      const journal = variable(application, 'KEEPSPAN_JOURNAL_DIR') ?? '';
      assert.ok(journal.startsWith(`${mountPath}/`), journal);
      const sidecar = initContainers.find(({ restartPolicy }) => restartPolicy === 'Always');
      if (sidecar !== undefined) {
        assert.equal(sidecar.command[sidecar.command.indexOf('--journal') + 1], journal);
        assert.equal(variable(application, 'KEEPSPAN_DELIVERY'), 'none');
      }
      const size = volumes[0]?.emptyDir?.sizeLimit;
      if (size !== undefined)
        assert.ok(Number.parseInt(size, 10) > 512, 'a full journal would have the pod evicted');
    });

    it(`${file}: variables are settings, by their names`, () => {
      const names = new Set<string>(TABLE.map(({ name }) => name));
      for (const { name } of load(file).spec.template.spec.containers[0].env ?? [])
        assert.ok(names.has(name), name);
    });
  }
});
