import { found, notApplicable, pass, shownVariable, type ProjectCheck } from '../context.ts';

const AGENTS =
  /(?:newrelic|elastic-apm-node|appdynamics|@dynatrace|@instana|@sentry\/node|@splunk\/otel|dd-trace|@opentelemetry\/auto-instrumentations-node)/g;

export const check: ProjectCheck = {
  id: 'KS-LOAD-007',
  slug: 'node-options',
  title: 'NODE_OPTIONS loads a second tracer, or is set twice',
  target: 'both',
  rationale:
    'Two tracers wrap the same functions twice. A NODE_OPTIONS of a manifest replaces that of the image, and the preload in it is gone.',
  how: 'Reads NODE_OPTIONS of this environment, of Dockerfiles and of manifests.',
  fix: 'let one place set NODE_OPTIONS and load one tracer in it; `keepspan run` adds to it and takes itself out again',
  source: 'docs/facts/instrumentation.md, load order',
  run({ variables, start }) {
    const given = variables.filter(({ name }) => name === 'NODE_OPTIONS');
    const real = start?.variables['NODE_OPTIONS'];
    const all = real === undefined ? given : [{ name: 'NODE_OPTIONS', value: real, from: 'the process' }];
    if (all.length === 0) return notApplicable('NODE_OPTIONS is not set');
    const crowded = all.filter(
      ({ value }) =>
        new Set(value.match(AGENTS) ?? []).size > 1 || (AGENTS.test(value) && /keepspan/.test(value)),
    );
    AGENTS.lastIndex = 0;
    if (crowded.length > 0) return found('fail', crowded.map(shownVariable));
    const values = new Set(all.map(({ value }) => value));
    const preloading = all.filter(({ value }) => /keepspan|dd-trace/.test(value));
    if (values.size > 1 && preloading.length > 0 && preloading.length < all.length) {
      return found('warn', all.map(shownVariable));
    }
    return pass(...all.map(shownVariable));
  },
};
