#!/usr/bin/env node
// Plain and old JavaScript on purpose: it must get as far as its message on a Node that cannot run the rest.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 15)) {
  process.stderr.write(`keepspan needs Node 22.15 or later; this is ${process.version}\n`);
  process.exitCode = 2;
} else {
  const { main } = await import('../dist/cli/main.js');
  await main(process.argv.slice(2));
}
