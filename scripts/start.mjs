import { main } from './main-job/main.ts';

// An interrupted drill may still wait for a service that is gone; the answer stands, so end with it.
process.exit(await main(process.argv.slice(2)));
