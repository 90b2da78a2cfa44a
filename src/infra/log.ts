import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';

export type Log = Logger;

const hidden = ['token', 'authorization', 'secret', 'password', 'content', 'email'];

/** Replaces the tokens an address may carry, such as `?token=…` and the signature of a link. */
export function redactUrl(url: string): string {
  return url.replace(/([?&](?:token|sig|auth)=)[^&#\s]*/gi, '$1[redacted]');
}

/** A production installation leaves out what only makes development pleasant. */
function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}

/**
 * The process's log: JSON lines on stdout; readable ones on a terminal in DEVELOPMENT.
 * Fields that carry tokens or what people wrote are never written out.
 */
export function createLog(config: Pick<Config, 'logLevel' | 'production'>): Log {
  const pretty = !config.production && process.stdout.isTTY && isInstalled('pino-pretty');
  const options = {
    level: config.logLevel,
    base: null,
    redact: { paths: [...hidden, ...hidden.map((name) => `*.${name}`)], censor: '[redacted]' },
  };
  if (pretty) {
    const transport = { target: 'pino-pretty', options: { ignore: 'pid,hostname' } };
    return pino({ ...options, transport });
  }
  // One write for all lines of a moment: a write a line costs a busy server a tenth of its time.
  return pino(options, pino.destination({ dest: 1, sync: false }));
}
