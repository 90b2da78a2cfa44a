import { startReplicaSet, type TestReplicaSet } from './mongo.ts';
import { removeAbandonedTempDirs } from './temp-dir.ts';

declare global {
  var testMongo: TestReplicaSet | undefined;
}

/** One MongoDB for the whole run; its address reaches the tests through the environment. */
// biome-ignore lint/style/noDefaultExport: jest takes no other
export default async function startTestMongo(): Promise<void> {
  if (process.env.TEST_MONGO_URI) return;
  await removeAbandonedTempDirs();
  globalThis.testMongo = await startReplicaSet(1);
  process.env.TEST_MONGO_URI = globalThis.testMongo.uri;
}
