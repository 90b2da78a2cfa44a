import type { Part } from './health.ts';
import type { MongoLink } from './mongo.ts';
import { describeMongoError } from './mongo-diagnosis.ts';

const TIMEOUT_MS = 2000;

/**
 * Asks MongoDB for a sign of life.
 * @param name what an operator would look at: the variable, or the embedded one
 */
export async function pingMongo(link: MongoLink, name: string): Promise<Part> {
  const down = (why: string): Part => ({ state: 'down', reason: `${name}: ${why}` });
  const database = link.connection.db;
  const trouble = link.trouble();
  if (trouble || !database) return down(trouble ?? 'not connected yet');
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<Part>((resolve) => {
    timer = setTimeout(() => resolve(down(`no answer in ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
  });
  const ping = database.command({ ping: 1 }).then(
    (): Part => ({ state: 'ok' }),
    (error: unknown) => down(describeMongoError(error)),
  );
  const part = await Promise.race([ping, silence]);
  clearTimeout(timer);
  return part;
}

/** Redis only carries hints and shared limits: without it this process still serves. */
export async function lookAtRedis(isHealthy: () => boolean): Promise<Part> {
  if (isHealthy()) return { state: 'ok' };
  const reason =
    'REDIS_URL: Redis is away or refuses us; other nodes hear later, and limits count for each node alone';
  return { state: 'degraded', reason };
}
