/**
 * `npm test [-- --faults | --screenshots] [paths and options of jest]`
 *
 * Makes sure that everything the tests need is there, builds, runs them, and ends with the line
 * "N passed, N failed" and an exit code that says the same.
 */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join, normalize, relative } from 'node:path';
import { ensureInstalled, root, run, say } from '../src/prepare.mjs';

const everything = ['tests/unit', 'tests/integration', 'tests/cluster', 'tests/browser'];
/** More files than these do not fail for want of time. */
const MAX_RETRIED = 5;
/** Everything of the table in docs/DELIVERY-PROOF.md. */
const faultTests = [
  'tests/cluster',
  'tests/browser/widget-promise.test.ts',
  ...['bot-', 'hostile-peers', 'log-model', 'operation', 'stopping'].map(
    (name) => `tests/integration/${name}`,
  ),
];
const programs = [
  {
    apt: 'redis-server',
    names: ['redis-server'],
    neededBy: ['tests/integration', 'tests/cluster'],
  },
  {
    apt: 'chromium',
    names: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    neededBy: ['tests/browser'],
  },
  ...[
    { apt: 'firefox-esr', names: ['firefox-esr', 'firefox'] },
    { apt: 'webkit2gtk-driver', names: ['WebKitWebDriver'] },
    { apt: 'xvfb', names: ['Xvfb'] },
  ].map((program) => ({ ...program, neededBy: ['tests/browser/other-engines.test.ts'] })),
];

/** What the command line asks for: which tests, with which environment. */
function readArguments(argv) {
  const own = ['--faults', '--screenshots'];
  const jest = argv.filter((argument) => !own.includes(argument));
  const faults = argv.includes('--faults');
  const screenshots = argv.includes('--screenshots');
  const isPath = (argument) => !argument.startsWith('-') && existsSync(join(root, argument));
  const chosen = jest.filter(isPath).map(normalize);
  const options = jest.filter((argument) => !isPath(argument));
  let paths = chosen;
  if (chosen.length === 0) {
    paths = everything;
    if (faults || screenshots) {
      paths = [...(faults ? faultTests : []), ...(screenshots ? ['tests/browser'] : [])];
    }
  }
  const env = {
    ...(faults && { DESKCORD_FAULTS: 'long' }),
    ...(screenshots && { DESKCORD_SCREENSHOTS: '1' }),
  };
  return { paths, options, env };
}

/** Whether all of the suite is run, as before something lands. */
const isWhole = (paths) => everything.every((folder) => paths.includes(folder));

const isOnPath = (name) =>
  (process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, name)));

const isTouched = (paths, folders) =>
  folders.some((folder) =>
    paths.some((path) => path.startsWith(folder) || folder.startsWith(path)),
  );

/** Installs the programs of the system that the chosen tests run against. */
async function ensurePrograms(paths) {
  const missing = programs
    .filter(({ names, neededBy }) => isTouched(paths, neededBy) && !names.some(isOnPath))
    .map(({ apt }) => apt);
  if (missing.length === 0) return;
  const isRoot = process.getuid?.() === 0;
  const sudo = isRoot ? [] : ['sudo', '-n'];
  const byHand = `install ${missing.join(' and ')} and run this again`;
  if (!isOnPath('apt-get') || (!isRoot && !isOnPath('sudo'))) throw new Error(byHand);
  say(`installing ${missing.join(' and ')} (apt-get)`);
  const aptGet = async (...args) => {
    // Through env(1), because sudo drops the environment.
    const quietly = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq'];
    const [command, ...rest] = [...sudo, ...quietly, '-o', 'Dpkg::Use-Pty=0', ...args];
    return run(command, rest, { stdout: 'ignore' });
  };
  // An outdated list is no reason to stop as long as the packages can be had.
  await aptGet('update');
  const code = await aptGet('install', '-y', '--no-install-recommends', ...missing);
  if (code !== 0) throw new Error(`apt-get could not install them: ${byHand}`);
}

async function ensureMongod() {
  const args = ['--import', 'tsx', 'src/infra/embedded-mongo/fetch-cli.ts'];
  const code = await run(process.execPath, args, { stdout: 'ignore' });
  if (code !== 0) throw new Error('the tests need a real MongoDB');
}

/** Runs jest once. @returns {Promise<{code: number, results: object}>} */
async function runJest(args, env) {
  const directory = await mkdtemp(join(tmpdir(), 'deskcord-results-'));
  const outputFile = join(directory, 'results.json');
  try {
    const all = ['--json', `--outputFile=${outputFile}`, ...args];
    const code = await run('npm', ['run', '--silent', 'jest', '--', ...all], { env });
    return { code, results: JSON.parse(await readFile(outputFile, 'utf8')) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A file that cannot even be loaded has no tests to count. */
const failuresOf = (results) => results.numFailedTests + results.numRuntimeErrorTestSuites;

/**
 * The files to try again, alone: what a busy machine was too slow for is told from what is broken.
 * A promise that was seen broken is broken, however seldom: such files have no second try.
 */
function filesToTryAgain(results) {
  const files = results.testResults.filter(({ status }) => status === 'failed');
  const mayRetry = ({ name, message }) =>
    !relative(root, name).startsWith('tests/cluster') && !message.includes('promise is broken');
  return files.length <= MAX_RETRIED && files.every(mayRetry) ? files.map(({ name }) => name) : [];
}

/**
 * Each worker starts processes of its own, and many tests wait for a clock: with as many workers as cores a
 * third of the processors is idle. What is killed at random all the time has no such time to spare.
 */
function workersFor(env) {
  const cores = availableParallelism();
  return Math.max(2, env.DESKCORD_FAULTS ? cores - 1 : Math.min(cores + 1, cores * 2 - 1));
}

/** @returns {Promise<{passed: number, failed: number, code: number}>} */
async function runTests({ paths, options, env }) {
  const chosen = options.some((option) => /^(-w|--maxWorkers|-i|--runInBand)/.test(option));
  const workers = chosen ? [] : [`--maxWorkers=${workersFor(env)}`];
  const { code, results } = await runJest([...workers, ...options, ...paths], env);
  const counts = { passed: results.numPassedTests, failed: failuresOf(results), code };
  const again = isWhole(paths) ? filesToTryAgain(results) : [];
  if (again.length === 0) return counts;
  const names = again.map((name) => relative(root, name)).join(' ');
  say(`once more, alone: ${names}`);
  const second = await runJest(['--maxWorkers=1', ...options, ...again], env);
  const failed = failuresOf(second.results);
  if (failed > 0 || second.code !== 0) return counts;
  say(`flaky: failed beside others and passed alone: ${names}`);
  const passedBefore = results.testResults
    .filter(({ name }) => again.includes(name))
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed').length;
  const passed = counts.passed - passedBefore + second.results.numPassedTests;
  return { passed, failed: 0, code: 0 };
}

async function main() {
  const wanted = readArguments(process.argv.slice(2));
  await ensureInstalled();
  await ensurePrograms(wanted.paths);
  await ensureMongod();
  say(`running ${wanted.paths.join(' ')}`);
  return runTests(wanted);
}

const { passed, failed, code } = await main().catch((error) => {
  say(error.message);
  return { passed: 0, failed: 1, code: 1 };
});
console.log(`${passed} passed, ${failed} failed`);
process.exit(code || (failed > 0 ? 1 : 0));
