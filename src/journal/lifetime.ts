import { readFileSync } from 'node:fs';

/**
 * What a journal survives: `memory` and `container` end with the container or the pod, `pod` with the pod, `node` with the
 * machine; `persistent` outlives all of them; `unknown` where the mount table does not say.
 */
export type JournalLifetime = 'memory' | 'container' | 'pod' | 'node' | 'persistent' | 'unknown';

interface Mount {
  /** What of the file system is mounted; for a bind mount the path on its host. */
  readonly root: string;
  readonly point: string;
  readonly type: string;
}

/**
 * How long files in `directory` live, told from the mount it lies on (proc(5), mountinfo).
 *
 * @param directory a real path
 */
export function classifyLifetime(
  directory: string,
  mountinfo: string = read('/proc/self/mountinfo'),
): JournalLifetime {
  const mounts = parse(mountinfo);
  const mount = mounts
    .filter(({ point }) => directory === point || directory.startsWith(point === '/' ? '/' : `${point}/`))
    .reduce<Mount | undefined>(
      (best, m) => (best === undefined || m.point.length >= best.point.length ? m : best),
      undefined,
    );
  if (mount === undefined) return 'unknown';
  // An emptyDir in memory shows the root of its own tmpfs, as any tmpfs does: it is gone with the pod at the latest.
  if (mount.type === 'tmpfs' || mount.type === 'ramfs') return 'memory';
  if (mount.root.includes('kubernetes.io~empty-dir')) return 'pod';
  if (/kubernetes\.io~(?!configmap|secret|projected|downward-api)/.test(mount.root)) return 'persistent';
  if (LAYERED.test(mount.type)) return 'container';
  // A disk of its own may be the node's or follow the pod: the mount table does not tell, so the lesser is said.
  return NETWORK.test(mount.type) ? 'persistent' : 'node';
}

/** Root file systems of containers. */
const LAYERED = /^(?:overlay|aufs|fuse\.fuse-overlayfs)$/;

const NETWORK = /^(?:nfs|nfs4|ceph|cifs|glusterfs|lustre|fuse\..*)$/;

/** Whether what lies there is gone when the pod is. */
export function diesWithPod(lifetime: JournalLifetime): boolean {
  return lifetime === 'memory' || lifetime === 'container' || lifetime === 'pod';
}

function parse(mountinfo: string): Mount[] {
  return mountinfo
    .split('\n')
    .filter((line) => line.includes(' - '))
    .map((line) => {
      const [left, right] = line.split(' - ') as [string, string];
      const fields = left.split(' ');
      return {
        root: unescape(fields[3] ?? ''),
        point: unescape(fields[4] ?? ''),
        type: right.split(' ')[0] ?? '',
      };
    });
}

/** Blanks in paths stand as `\040`. */
function unescape(path: string): string {
  return path.replace(/\\(\d{3})/g, (_match, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
