import { nearest } from './problem.ts';

/** The sites of Datadog, as its documentation lists them. */
const SITES = [
  'datadoghq.com',
  'us3.datadoghq.com',
  'us5.datadoghq.com',
  'datadoghq.eu',
  'ap1.datadoghq.com',
  'ap2.datadoghq.com',
  'ddog-gov.com',
  'us2.ddog-gov.com',
] as const;

/** The short names people say. */
const SAID: Readonly<Record<string, string>> = {
  us: 'datadoghq.com',
  us1: 'datadoghq.com',
  us3: 'us3.datadoghq.com',
  us5: 'us5.datadoghq.com',
  eu: 'datadoghq.eu',
  eu1: 'datadoghq.eu',
  ap1: 'ap1.datadoghq.com',
  ap2: 'ap2.datadoghq.com',
  gov: 'ddog-gov.com',
};

/** The site that was probably meant by one that does not exist; the one itself where it exists. */
export function siteMeant(site: string): string | undefined {
  const lower = site.toLowerCase();
  if ((SITES as readonly string[]).includes(lower)) return lower;
  const host = lower.replace(/^(app|api|www|trace\.agent|intake|http-intake\.logs)\./, '');
  if ((SITES as readonly string[]).includes(host)) return host;
  return (Object.hasOwn(SAID, lower) ? SAID[lower] : undefined) ?? nearest(host, SITES);
}
