#!/usr/bin/env node
// Plain and old JavaScript on purpose: it must get as far as its message on a Node that cannot run the rest.
const other = process.versions.bun
  ? `Bun ${process.versions.bun}`
  : process.versions.deno && `Deno ${process.versions.deno}`;
const [major, minor] = process.versions.node.split('.').map(Number);
if (other) {
  process.stderr.write(`keepspan needs Node 22.15 or later; ${other} cannot run what it starts\n`);
  process.exitCode = 2;
} else if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(`keepspan needs Node 22.15 or later; this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  const { main } = await import('../dist/cli/main.js');
  await main(process.argv.slice(2));
}
