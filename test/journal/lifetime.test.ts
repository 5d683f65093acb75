import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyLifetime, diesWithPod } from '../../src/journal/lifetime.ts';

const OVERLAY =
  '1202 1100 0:271 / / rw,relatime master:400 - overlay overlay rw,lowerdir=/var/lib/docker/overlay2/l/A,upperdir=/u,workdir=/w\n1203 1202 0:273 / /proc rw - proc proc rw\n';
const HOST =
  '26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n27 26 0:22 / /tmp rw - tmpfs tmpfs rw\n31 26 0:40 / /srv rw - nfs4 filer:/srv rw\n';
const POD = '/var/lib/kubelet/pods/0a1b/volumes';

// As the kernel shows them in /proc/self/mountinfo (proc(5)) inside the container, or on the machine.
const cases: readonly [string, string, string, string][] = [
  ['bare metal', HOST, '/var/lib/keepspan', 'node'],
  ['bare metal, /tmp in memory', HOST, '/tmp/keepspan', 'memory'],
  ['bare metal, a home on NFS', HOST, '/srv/me/.local/state', 'persistent'],
  ['docker, no volume', OVERLAY, '/var/lib/keepspan', 'container'],
  [
    'rootless podman, no volume',
    OVERLAY.replace('- overlay overlay', '- fuse.fuse-overlayfs fuse-overlayfs'),
    '/journal',
    'container',
  ],
  [
    'docker volume',
    `${OVERLAY}1300 1202 254:1 /var/lib/docker/volumes/j/_data /journal rw - ext4 /dev/vda1 rw\n`,
    '/journal/a',
    'node',
  ],
  ['docker --tmpfs', `${OVERLAY}1300 1202 0:300 / /journal rw - tmpfs tmpfs rw\n`, '/journal', 'memory'],
  [
    'k8s emptyDir',
    `${OVERLAY}1300 1202 259:1 ${POD}/kubernetes.io~empty-dir/journal /journal rw - ext4 /dev/nvme0n1p1 rw\n`,
    '/journal',
    'pod',
  ],
  [
    'k8s emptyDir, kubelet on a disk of its own',
    `${OVERLAY}1300 1202 259:9 /pods/0a1b/volumes/kubernetes.io~empty-dir/j /journal rw - xfs /dev/nvme1n1 rw\n`,
    '/journal',
    'pod',
  ],
  [
    'k8s emptyDir, medium Memory',
    `${OVERLAY}1300 1202 0:310 / /journal rw,relatime - tmpfs tmpfs rw,size=65536k\n`,
    '/journal',
    'memory',
  ],
  [
    'k8s hostPath',
    `${OVERLAY}1300 1202 259:1 /data/keepspan /journal rw - ext4 /dev/nvme0n1p1 rw\n`,
    '/journal',
    'node',
  ],
  [
    'k8s PVC, csi, a folder of the host',
    `${OVERLAY}1300 1202 259:1 ${POD}/kubernetes.io~csi/pvc-1/mount /journal rw - ext4 /dev/nvme0n1p1 rw\n`,
    '/journal',
    'persistent',
  ],
  [
    'k8s PVC, csi, a disk of its own: the mount table does not tell it from a disk of the node',
    `${OVERLAY}1300 1202 259:5 / /journal rw - ext4 /dev/nvme3n1 rw\n`,
    '/journal',
    'node',
  ],
  [
    'k8s PVC on NFS',
    `${OVERLAY}1300 1202 0:320 / /journal rw - nfs4 10.0.0.5:/exports rw\n`,
    '/journal',
    'persistent',
  ],
  [
    'k8s configMap is no storage',
    `${OVERLAY}1300 1202 259:1 ${POD}/kubernetes.io~configmap/c /journal ro - ext4 /dev/nvme0n1p1 ro\n`,
    '/journal',
    'node',
  ],
  [
    'a blank in the path',
    `${OVERLAY}1300 1202 259:1 ${POD}/kubernetes.io~empty-dir/j /my\\040journal rw - ext4 /dev/a rw\n`,
    '/my journal/x',
    'pod',
  ],
  [
    'a neighbour with the same beginning is another directory',
    `${OVERLAY}1300 1202 0:320 / /journal rw - nfs4 f:/e rw\n`,
    '/journal2',
    'container',
  ],
  [
    'a mount over a mount: the last one holds',
    `${OVERLAY}1300 1202 0:1 / /j rw - tmpfs t rw\n1301 1300 0:2 / /j rw - nfs4 f:/e rw\n`,
    '/j',
    'persistent',
  ],
  ['no mount table', '', '/journal', 'unknown'],
];

for (const [name, mountinfo, directory, lifetime] of cases) {
  test(`${name}: ${lifetime}`, () => assert.equal(classifyLifetime(directory, mountinfo), lifetime));
}

test('what dies with the pod: memory, container and pod', () => {
  const dying = (['memory', 'container', 'pod', 'node', 'persistent', 'unknown'] as const).filter(
    diesWithPod,
  );
  assert.deepEqual(dying, ['memory', 'container', 'pod']);
});
