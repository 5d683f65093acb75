import type { Command } from 'commander';

/** One command: its file is loaded when it is asked for, so that none pays for another's imports. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Loads the file and adds the command, with its options and action, to the program. */
  readonly add: (program: Command) => Promise<void>;
}

/** Every command, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'dev',
    summary: 'run the workbench: intake, store and page on this machine',
    add: async (program) => (await import('./dev.ts')).devCommand(program),
  },
  {
    name: 'run',
    summary: 'run a command with Keepspan loaded into it and delivery beside it',
    add: async (program) => (await import('./run.ts')).runCommand(program),
  },
  {
    name: 'observe',
    summary: 'run an unmodified service and show what its tracer loses',
    add: async (program) => (await import('./observe.ts')).observeCommand(program),
  },
  {
    name: 'deliver',
    summary: 'deliver a journal that other processes write (sidecar)',
    add: async (program) => (await import('./deliver.ts')).deliverCommand(program),
  },
  {
    name: 'ledger',
    summary: 'show what became of every signal in a journal',
    add: async (program) => (await import('./ledger.ts')).ledgerCommand(program),
  },
  {
    name: 'evaluate',
    summary: 'show what hybrid recall decided and saved; judge what was skipped',
    add: async (program) => (await import('./evaluate.ts')).evaluateCommand(program),
  },
  {
    name: 'purge',
    summary: 'remove journaled data for good, counted',
    add: async (program) => (await import('./purge.ts')).purgeCommand(program),
  },
  {
    name: 'doctor',
    summary: 'check a project, or the start of the real process, against the checklist',
    add: async (program) => (await import('./doctor.ts')).doctorCommand(program),
  },
  {
    name: 'verify',
    summary: 'prove the checklist on the running service, with evidence read back',
    add: async (program) => (await import('./verify.ts')).verifyCommand(program),
  },
  {
    name: 'demo',
    summary: 'run a small service through the drills and show what became of every signal',
    add: async (program) => (await import('./demo.ts')).demoCommand(program),
  },
  {
    name: 'config',
    summary: 'print and check the settings; print what a deployment needs',
    add: async (program) => (await import('./config.ts')).configCommand(program),
  },
  {
    name: 'policy',
    summary: 'check the sampling policy, try it on recorded traffic, compile it',
    add: async (program) => (await import('./policy.ts')).policyCommand(program),
  },
  {
    name: 'alerts',
    summary: 'list what the process watches of itself; write it as monitors elsewhere',
    add: async (program) => (await import('./alerts.ts')).alertsCommand(program),
  },
  {
    name: 'calibrate',
    summary: 'find the recall threshold that misses little at the fewest judge calls',
    add: async (program) => (await import('./calibrate.ts')).calibrateCommand(program),
  },
];
