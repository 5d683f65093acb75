import type { SpanProcessor, Tracer, TracerProvider } from './api.ts';
import { ensureContextManager, makeProvider, processorsOf, type LocatedApi } from './locate.ts';

/** How our processor came to the provider that is registered. */
export type Attachment =
  /** Nobody registered a provider yet, and no span of ours was asked for. */
  | 'none'
  /** The application put it there. */
  | 'application'
  /** We added it to the application's provider. */
  | 'added'
  /** We made the provider, of the SDK that is installed. */
  | 'made'
  /** The provider takes no further processor. */
  | 'refused'
  /** There is no provider and no SDK to make one of. */
  | 'missing';

export interface ProviderSeamOptions {
  readonly located: LocatedApi;
  readonly processor: SpanProcessor;
  /** Whether the application has put a processor of ours on a provider itself. */
  readonly byApplication: () => boolean;
  /** Of the resource of a provider that we make. */
  readonly resource: Readonly<Record<string, string>>;
  readonly scope: { readonly name: string; readonly version: string };
  /** Called when something other than the best was found, once each. Must not throw. */
  readonly onTrouble: (attachment: 'refused' | 'missing') => void;
}

export interface ProviderSeam {
  /** The tracer for our own spans; cheap, for it is asked for every span. */
  tracer(): Tracer;
  attachment(): Attachment;
  /** `name@version` of the SDK, where we made the provider. */
  sdk(): string | undefined;
  uninstall(): void;
}

/**
 * Sees to it that spans reach our processor, whichever provider is registered and whenever: one that is there, one
 * that comes later, or, when a span of ours is due and there is none, one that we make. That one stands behind the
 * API's proxy without being registered, so that an application which registers its own later is not refused.
 */
export function createProviderSeam(options: ProviderSeamOptions): ProviderSeam {
  const { located, processor, byApplication, scope, onTrouble } = options;
  const { api } = located;
  const proxies = new Set(located.copies.map((copy) => copy.trace.getTracerProvider()));
  const undo: (() => void)[] = [];
  let attachment: Attachment = 'none';
  let sdk: string | undefined;
  let seen: TracerProvider | undefined;
  let tracer: Tracer | undefined;

  const become = (next: Attachment): void => {
    attachment = next;
    if (next === 'refused' || next === 'missing') onTrouble(next);
  };

  const attach = (provider: TracerProvider): void => {
    if (byApplication()) return become('application');
    const { addSpanProcessor } = provider as { addSpanProcessor?: (added: SpanProcessor) => void };
    const list = processorsOf(provider);
    if (list?.includes(processor) === true) return become('added');
    if (typeof addSpanProcessor === 'function') addSpanProcessor.call(provider, processor);
    else if (list === undefined) return become('refused');
    else list.push(processor);
    undo.push(() => {
      const now = processorsOf(provider);
      const at = now?.indexOf(processor) ?? -1;
      if (at >= 0) now!.splice(at, 1);
    });
    become('added');
  };

  /** Looks at the provider that is there, if it is another one than last time. */
  const look = (provider: TracerProvider): void => {
    if (provider === seen) return;
    seen = provider;
    tracer = undefined;
    if (isReal(provider)) attach(provider);
  };

  const make = (): void => {
    const made = makeProvider(located.require, processor, options.resource);
    if (made === undefined) return become('missing');
    ensureContextManager(located);
    sdk = made.sdk;
    seen = made.provider;
    for (const proxy of proxies) proxy.setDelegate?.(made.provider);
    become('made');
  };

  for (const proxy of proxies) {
    const { setDelegate } = proxy;
    if (setDelegate === undefined) continue;
    const watched = (provider: TracerProvider): void => {
      setDelegate.call(proxy, provider);
      look(provider);
    };
    proxy.setDelegate = watched;
    undo.push(() => {
      if (proxy.setDelegate === watched) proxy.setDelegate = setDelegate;
    });
  }
  look(delegateOf(api.trace.getTracerProvider()));

  return {
    tracer() {
      const current = api.trace.getTracerProvider();
      look(delegateOf(current));
      if (attachment === 'none') make();
      tracer ??= current.getTracer(scope.name, scope.version);
      return tracer;
    },
    attachment: () => (byApplication() ? 'application' : attachment),
    sdk: () => sdk,
    uninstall() {
      for (const step of undo.splice(0).reverse()) step();
    },
  };
}

function delegateOf(provider: TracerProvider): TracerProvider {
  return provider.getDelegate?.() ?? provider;
}

/** The API's own stand-in for a provider makes tracers and nothing else. */
function isReal(provider: TracerProvider): boolean {
  const { forceFlush, shutdown, addSpanProcessor } = provider as unknown as Record<string, unknown>;
  return [forceFlush, shutdown, addSpanProcessor].some((method) => typeof method === 'function');
}
