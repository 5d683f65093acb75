import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { placeAt } from '../project/place.ts';

export const check: ProjectCheck = {
  id: 'KS-EXIT-003',
  slug: 'grace-period',
  title: 'The pod is killed before the shutdown can be over',
  target: 'project',
  rationale:
    'terminationGracePeriodSeconds counts the preStop hook, too. A shutdown that is cut short by SIGKILL leaves what was not yet in custody.',
  how: 'terminationGracePeriodSeconds less the preStop sleep, against KEEPSPAN_SHUTDOWN_TIMEOUT_MS.',
  fix: '`keepspan config k8s` prints a Deployment whose numbers fit; or lower KEEPSPAN_SHUTDOWN_TIMEOUT_MS',
  source: 'docs/guides/kubernetes.md',
  run({ project, shutdownTimeoutMs }) {
    const pods = project
      .named(/\.ya?ml$/)
      .filter(({ text }) => /kind:\s*(?:Deployment|StatefulSet|DaemonSet|Pod|Job|CronJob)/.test(text));
    if (pods.length === 0) return notApplicable('there is no Kubernetes manifest');
    const places = pods.flatMap(({ path, text }) => {
      const grace = Number(/terminationGracePeriodSeconds:\s*(\d+)/.exec(text)?.[1] ?? 30);
      const sleep = Number(/preStop:[^]*?(?:sleep[\s"',]+|seconds:\s*)(\d+)/.exec(text)?.[1] ?? 0);
      if ((grace - sleep) * 1000 > shutdownTimeoutMs) return [];
      const place = placeAt(path, text, Math.max(0, text.search(/terminationGracePeriodSeconds|kind:/)));
      return [
        {
          ...place,
          text: `${grace} s, of it ${sleep} s before SIGTERM; the shutdown may take ${shutdownTimeoutMs / 1000} s`,
        },
      ];
    });
    return places.length === 0
      ? pass(`${shutdownTimeoutMs / 1000} s fit into the grace period`)
      : found('fail', places);
  },
};
