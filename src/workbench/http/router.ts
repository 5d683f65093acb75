import type { Route } from './route.ts';

interface Compiled {
  readonly route: Route;
  readonly pattern: RegExp;
}

function compile(template: string): RegExp {
  const source = template
    .replace(/[.*+?^$()|[\]\\]/g, '\\$&')
    .replace(/\{(\w+)\}/g, (_, name: string) => (name === 'rest' ? '(?<rest>.+)' : `(?<${name}>[^/]+)`));
  return new RegExp(`^${source}$`);
}

/** Finds the route of a path: literal templates first, then those with parameters, in their order. */
export class Router {
  readonly #literal: ReadonlyMap<string, Route>;
  readonly #patterns: readonly Compiled[];

  constructor(routes: readonly Route[]) {
    this.#literal = new Map(
      routes.filter((r) => !r.template.includes('{')).map((route) => [route.template, route]),
    );
    this.#patterns = routes
      .filter((route) => route.template.includes('{'))
      .map((route) => ({ route, pattern: compile(route.template) }));
  }

  match(
    path: string,
  ): { readonly route: Route; readonly params: Readonly<Record<string, string>> } | undefined {
    const literal = this.#literal.get(path);
    if (literal !== undefined) return { route: literal, params: {} };
    for (const { route, pattern } of this.#patterns) {
      const groups = pattern.exec(path)?.groups;
      if (groups !== undefined) return { route, params: groups };
    }
    return undefined;
  }
}
