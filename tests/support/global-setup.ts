import { ensureBuilt } from '../../src/prepare.mjs';
import { startReplicaSet, type TestReplicaSet } from './mongo.ts';
import { removeAbandonedTempDirs } from './temp-dir.ts';

declare global {
  var testMongo: TestReplicaSet | undefined;
}

/** What of jest's configuration is looked at: the paths it was called with. */
interface Run {
  testPathPatterns: { patterns: readonly string[] };
}

/** One MongoDB for the whole run; its address reaches the tests through the environment. */
// biome-ignore lint/style/noDefaultExport: jest takes no other
export default async function prepareRun({ testPathPatterns }: Run): Promise<void> {
  const { patterns } = testPathPatterns;
  const isUnit = patterns.length > 0 && patterns.every((path) => path.includes('tests/unit'));
  // The programs that tests start are the compiled ones, which start in half the time.
  if (!isUnit) await ensureBuilt();
  if (process.env.TEST_MONGO_URI) return;
  await removeAbandonedTempDirs();
  globalThis.testMongo = await startReplicaSet(1);
  process.env.TEST_MONGO_URI = globalThis.testMongo.uri;
}
