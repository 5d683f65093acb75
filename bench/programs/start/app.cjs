// An application that does nothing; at its end it says what it cost, by a call that loads nothing.
process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  process.getBuiltinModule('node:fs').writeSync(1, String(user + system));
});
