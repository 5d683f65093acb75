import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';
import { relative } from 'node:path';
import { TRACED } from '../libraries.ts';

export const check: ProjectCheck = {
  id: 'KS-LOAD-005',
  slug: 'not-instrumented',
  title: 'A library was loaded and the tracer did not instrument it',
  target: 'process',
  rationale:
    'Its calls make no spans, and nobody says so: a version that is not supported, an ES module without a hook, an instrumentation that is switched off.',
  how: 'Compares the traced libraries that the process loaded with what dd-trace announced on its channel.',
  fix: 'load the tracer first (keepspan/register); see KS-VERSION-001 for versions, DD_TRACE_DISABLED_INSTRUMENTATIONS for switches',
  source: 'docs/facts/instrumentation.md, load order',
  run({ start, project }) {
    if (start === undefined || start.tracerOrder.cjs === undefined)
      return notApplicable('dd-trace was not loaded');
    const loaded = start.packages.filter(
      ({ name, formats }) => Object.hasOwn(TRACED, name) && formats.length > 0,
    );
    const missing = loaded.filter(
      ({ name }) => !TRACED[name]?.some((hook) => start.instrumented.includes(hook)),
    );
    if (missing.length === 0)
      return pass(...start.instrumented.filter((name) => Object.values(TRACED).flat().includes(name)));
    return found(
      'fail',
      missing.map(
        ({ name, version, by, formats }) =>
          `${name} ${version} (${formats.join(' and ')}), loaded by ${relative(project.dir, by)}`,
      ),
    );
  },
};
