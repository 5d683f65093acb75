import { found, has, isPreloaded, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { LLM_CLIENTS } from '../libraries.ts';

export const check: ProjectCheck = {
  id: 'KS-BUNDLE-002',
  slug: 'nextjs-externals',
  title: 'Next.js bundles the tracer or the LLM clients',
  target: 'project',
  rationale:
    'Next.js takes server dependencies into its own chunks: what is not in serverExternalPackages is not loaded by name and not instrumented.',
  how: 'next.config.* names each LLM client that is installed, dd-trace and keepspan in serverExternalPackages (serverComponentsExternalPackages before Next.js 15).',
  fix: 'serverExternalPackages: ["keepspan", "dd-trace", "openai", …] and NODE_OPTIONS="--import keepspan/register" for `next start`',
  source: 'docs/facts/instrumentation.md, bundlers',
  run(context) {
    const { project } = context;
    if (!has(context, 'next')) return notApplicable('not a Next.js application');
    const clients = ['dd-trace', ...LLM_CLIENTS].filter((name) => has(context, name));
    if (clients.length === 0) return notApplicable('no traced library is installed');
    const configs = project.named(/^next\.config\.[cm]?[jt]s$/);
    const [, list = ''] =
      /(?:serverExternalPackages|serverComponentsExternalPackages)\s*:\s*\[([^\]]*)\]/.exec(
        configs.map(({ code }) => code).join('\n'),
      ) ?? [];
    const missing = clients.filter((name) => !list.includes(`'${name}'`) && !list.includes(`"${name}"`));
    if (missing.length > 0)
      return found('fail', [
        `${configs[0]?.path ?? 'no next.config'}: ${missing.join(', ')} would be bundled`,
      ]);
    return isPreloaded(context)
      ? pass(...clients)
      : found('warn', ['serverExternalPackages is set, and nothing preloads the tracer']);
  },
};
