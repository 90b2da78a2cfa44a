import { createServer } from 'node:net';
import type { Config } from './config.ts';
import { ConfigError, describe } from './environment.ts';

/**
 * Puts an error of opening the port into the words of the configuration.
 * @returns undefined where the error is of something else
 */
export function toPortError(
  { port, host }: Pick<Config, 'port' | 'host'>,
  error: unknown,
): ConfigError | undefined {
  const { code, syscall } = error as NodeJS.ErrnoException;
  const portIs = (why: string) =>
    new ConfigError([describe('WEB_SERVER_PORT', String(port), `${why}: ${code}`)]);
  if (code === 'EADDRINUSE' && syscall === 'listen') return portIs('another program has this port');
  if (code === 'EACCES' && syscall === 'listen') return portIs('this user may not open it');
  if (code === 'EADDRNOTAVAIL' || (code === 'ENOTFOUND' && syscall === 'getaddrinfo')) {
    return new ConfigError([describe('HOST', host, `no address of this machine: ${code}`)]);
  }
  return undefined;
}

/**
 * Opens the port and closes it again: what cannot be had is said before a database is started for it.
 * @throws ConfigError that names `WEB_SERVER_PORT` or `HOST`
 */
export async function checkPort(config: Pick<Config, 'port' | 'host'>): Promise<void> {
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(config.port, config.host, resolve);
    });
    await new Promise((resolve) => server.close(resolve));
  } catch (error) {
    throw toPortError(config, error) ?? error;
  }
}
