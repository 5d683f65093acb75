import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { errorText } from '../kernel/error-text.ts';
import { warnOnce } from '../selfmetrics/warnings.ts';
import type { SettingsOptions } from '../settings/table.ts';
import { isSwitchedOn } from '../settings/switch.ts';
import { shared } from './global.ts';

/**
 * Switches on once a thread, when something asks for it (law L10), and loads nothing before that is known: a preload
 * that found nothing switched on leaves it to the application's own call. Never throws: what fails is one line on
 * stderr, and the application runs on (law L6).
 *
 * @returns whether observability is on
 */
export function start(options: SettingsOptions = {}): boolean {
  const state = shared();
  const before = state.session;
  if (before !== undefined && before.yieldTo === undefined) return true;
  if (state.failed) return false;
  try {
    if (!isSwitchedOn(undefined, options)) {
      if (before !== undefined) return true;
      if (!state.started) lazily<typeof import('./disabled.ts')>('disabled').sayDisabled();
      return false;
    }
    if ('bun' in process.versions || 'deno' in process.versions) {
      state.failed = true;
      lazily<typeof import('./disabled.ts')>('disabled').sayRefused(process.versions);
      return false;
    }
    const { startSession } = lazily<typeof import('./session.ts')>('session');
    state.session = startSession(options, state.slot, before);
    if (before !== state.session) before?.yieldTo?.(state.session);
    state.idle?.handOver(state.session.lifecycle);
    return true;
  } catch (error) {
    state.failed = true;
    sayFailed(error);
    return false;
  } finally {
    state.started = true;
  }
}

/** Also where nothing more can be loaded: a bundler took this file along and left its neighbours behind. */
function sayFailed(error: unknown): void {
  try {
    lazily<typeof import('./disabled.ts')>('disabled').sayFailed(error);
  } catch {
    warnOnce('KS-RUN-005', { error: errorText(error) });
  }
}

/** Loads a module of this folder now, by `require`: from src/*.ts as from dist/*.js. */
export function lazily<T>(name: string): T {
  return createRequire(import.meta.url)(`./${name}${extname(import.meta.url)}`) as T;
}
