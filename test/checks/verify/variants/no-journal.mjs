// Custody that is nowhere: what dies with the process is gone.
process.env.KEEPSPAN_JOURNAL_DIR = '/dev/null/journal';
