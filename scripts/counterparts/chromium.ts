import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium } from 'playwright-core';
import { installDebian } from './debian.ts';

const PROGRAM = { packageName: 'chromium', paths: ['/usr/bin/chromium'] };

/** It asks nobody anything: no updates, no accounts, no components. Root has no sandbox of its own. */
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Browser {
  readonly context: BrowserContext;
  stop(): Promise<void>;
}

/** Starts Debian's Chromium with a profile of its own, in a window of this size. */
export async function startChromium(viewport = { width: 1440, height: 900 }): Promise<Browser> {
  const executablePath = installDebian(PROGRAM);
  const profile = mkdtempSync(join(tmpdir(), 'keepspan-chromium-'));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: FLAGS, viewport });
  return {
    context,
    stop: async () => {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
