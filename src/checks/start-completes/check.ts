import { found, notApplicable, pass, type ProjectCheck } from '../context.ts';

const MAX_LINES = 5;

export const check: ProjectCheck = {
  id: 'KS-LOAD-008',
  slug: 'start-completes',
  title: 'The command ended with an error before its start was over',
  target: 'process',
  rationale: 'What was not reached was not looked at: the other checks then speak of a part of the start.',
  how: 'The exit code of the command, where it ended by itself, and the last lines that it wrote.',
  fix: 'start it by hand and see; the probe changes neither modules nor environment of the application',
  source: 'docs/guides/doctor.md',
  run({ exit }) {
    if (exit === undefined) return notApplicable('no command was started');
    if (exit.code === undefined) return pass('it was still running');
    if (exit.code === 0) return pass('it ended with 0');
    const lines = exit.output
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    const telling = lines.filter((line) => /error|cannot find|not found/i.test(line));
    return found('fail', [
      `exit code ${exit.code}`,
      ...(telling.length > 0 ? telling : lines).slice(-MAX_LINES),
    ]);
  },
};
