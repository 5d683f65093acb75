import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const POM = fileURLToPath(new URL('kafka/pom.xml', import.meta.url));
const CACHE = join(ROOT, '.cache', 'counterparts');
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
const ATTEMPTS = 3;
const DOWNLOAD_MS = 150_000;

/** The folder with the broker's jars. Its name is the version that the pom pins. */
const KAFKA_FOLDER: string = join(CACHE, 'kafka_2.13-4.1.1');

/**
 * Takes the broker from Maven Central, once; Maven checks what it gets against its checksums.
 *
 * @returns the folder with its jars
 * @throws what is missing, and how it is had
 */
export function installKafka(): string {
  const jar = 'kafka_2.13-4.1.1.jar';
  if (existsSync(join(KAFKA_FOLDER, jar))) return KAFKA_FOLDER;
  need('java', ['-version'], /version "(\d+)/, 17);
  need('mvn', ['--version'], /Apache Maven (\d+)/, 3);
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'kafka-'));
  try {
    download(folder);
    if (!readdirSync(folder).includes(jar))
      throw new Error(`Maven did not bring ${jar}; the pom pins another version`);
    renameSync(folder, KAFKA_FOLDER);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return KAFKA_FOLDER;
}

function download(folder: string): void {
  const args = ['-B', '-q', '-f', POM, COPY, `-DoutputDirectory=${folder}`, '-DincludeScope=runtime'];
  let output = '';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const result = spawnSync('mvn', args, { encoding: 'utf8', timeout: DOWNLOAD_MS, killSignal: 'SIGKILL' });
    if (result.status === 0) return;
    output = `${result.stdout}${result.stderr}${result.error?.message ?? ''}`.slice(-4000);
    process.stderr.write(`counterparts: Maven failed, attempt ${attempt} of ${ATTEMPTS}\n`);
  }
  throw new Error(`the Kafka broker could not be had from Maven Central:\n${output}`);
}

function need(program: string, args: readonly string[], version: RegExp, least: number): void {
  const { stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8', timeout: 30_000 });
  const found = Number(version.exec(`${stdout ?? ''}${stderr ?? ''}`)?.[1]);
  if (error === undefined && found >= least) return;
  throw new Error(
    `the Kafka broker needs ${program} ${least} or later, found is ${Number.isNaN(found) ? 'none' : found}; ` +
      'on Debian: apt-get install default-jre-headless maven',
  );
}
