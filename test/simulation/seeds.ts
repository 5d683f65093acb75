/** Schedules that once broke a law. Their steps change when the simulation does; they are played all the same. */
export const SEEDS: readonly { readonly seed: number; readonly found: string }[] = [
  { seed: 18, found: 'L12: copies of what was delivered from memory were not counted' },
  {
    seed: 743,
    found: 'L4: on a full disk a quarantine line was written into a torn one, and both were lost',
  },
  {
    seed: 1235,
    found: 'L12: counts that a read-only disk had refused were written after the records they speak of',
  },
  {
    seed: 3308,
    found: 'L1: a folder that could not be listed for a moment made an eviction count as damage',
  },
  {
    seed: 5013,
    found: 'L1: an I/O error on owner.json made a living writer dead, and its open segment was removed',
  },
  { seed: 6953, found: 'L4: the same' },
  { seed: 8467, found: 'L1: the same, in another pid namespace' },
  { seed: 9848, found: 'L1: the same, with two sidecars' },
  {
    seed: 2702,
    found:
      'L4: power loss after the last removal of a folder, and its line of the history was not on disk yet',
  },
  {
    seed: 164064,
    found: 'L12: a lease that the disk refused to renew counted as renewed, and two delivered in its name',
  },
  {
    seed: 1049856,
    found:
      'L12: a kill between two lines of the outcome log hid the parts of a refused record that were sent',
  },
  {
    seed: 1559024,
    found: 'L4: a segment that could not be begun made the one before final, and it was written on',
  },
  {
    seed: 3386,
    found:
      'L1: power loss took the page that said what was resumed, and left the record: it was lost and delivered',
  },
  {
    seed: 5527101,
    found:
      'L4: nothing: a clock was set to a minute before records expire, and the oracle looked away when they did',
  },
  { seed: 1802, found: 'L1: a folder that was given up at once left its counter page behind' },
];
