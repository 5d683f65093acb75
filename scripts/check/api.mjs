// The public API as a file per entry point under etc/, made from dist by api-extractor. Without arguments it fails
// when a report differs; with --update it writes them.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Extractor, ExtractorConfig } from '@microsoft/api-extractor';
import { build } from '../build.mjs';
import { ROOT } from '../lib/house.mjs';

const update = process.argv.includes('--update');
if (update && build() !== 0) process.exit(2);

const { exports: entries } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const base = ExtractorConfig.loadFile(join(ROOT, 'api-extractor.json'));
let bad = 0;

for (const [name, entry] of Object.entries(entries)) {
  if (typeof entry !== 'object') continue;
  const types = join(ROOT, entry.types);
  const reportName =
    name === '.' ? 'keepspan.api.md' : `keepspan-${name.slice(2).replaceAll('/', '-')}.api.md`;
  if (!existsSync(types)) {
    process.stdout.write(`api: ${name}: ${entry.types} does not exist, package.json exports it\n`);
    bad += 1;
    continue;
  }
  // An entry that is loaded for its effect has no API to report.
  if (/^\s*export \{\s*\};?\s*$/.test(readFileSync(types, 'utf8'))) continue;
  mkdirSync(join(ROOT, 'etc'), { recursive: true });
  const config = ExtractorConfig.prepare({
    configObject: {
      ...base,
      mainEntryPointFilePath: types,
      apiReport: { ...base.apiReport, reportFileName: reportName },
    },
    configObjectFullPath: join(ROOT, 'api-extractor.json'),
    packageJsonFullPath: join(ROOT, 'package.json'),
  });
  const result = Extractor.invoke(config, {
    localBuild: update,
    showVerboseMessages: false,
    messageCallback(message) {
      if (message.logLevel === 'warning' || message.logLevel === 'error') {
        process.stdout.write(`api: ${name}: ${message.text}\n`);
      }
      message.handled = true;
    },
  });
  if (result.apiReportChanged) {
    process.stdout.write(
      `api: ${name}: the public API ${update ? 'changed, etc/ is written' : `is not etc/${reportName}`}\n`,
    );
    if (!update) bad += 1;
  }
  if (result.errorCount > 0) bad += 1;
}
rmSync(join(ROOT, 'temp'), { recursive: true, force: true });
process.exitCode = bad === 0 ? 0 : 1;
