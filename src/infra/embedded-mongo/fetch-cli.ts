/** Makes sure that there is a mongod and prints its path; the test runner's preparation. */
import { resolve } from 'node:path';
import { findMongod } from './find.ts';

const { DATA_DIR = './data', MONGOD_PATH } = process.env;
try {
  const path = await findMongod({
    mongodPath: MONGOD_PATH,
    dataDir: resolve(DATA_DIR),
    log: (line) => process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${path}\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
