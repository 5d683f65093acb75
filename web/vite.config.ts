import { defineConfig } from 'vite';

/** The page's policy allows no inline script, style or data: URL, so nothing may be inlined into the document. */
export default defineConfig({
  root: import.meta.dirname,
  cacheDir: '../.cache/vite',
  clearScreen: false,
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
  },
});
