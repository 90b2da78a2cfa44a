/** A process that holds an embedded MongoDB, for tests that kill it: prints one line when ready. */
import { startEmbeddedMongo } from '../../src/infra/embedded-mongo/embedded.ts';

const mongo = await startEmbeddedMongo({
  dataDir: process.argv[2] as string,
  log: () => undefined,
  onExit: () => process.exit(1),
});
process.stdout.write(`${JSON.stringify({ uri: mongo.uri, port: mongo.port, pid: mongo.pid })}\n`);
