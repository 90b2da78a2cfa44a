import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';

export type Log = Logger;

const hidden = ['token', 'authorization', 'secret', 'password', 'content', 'email'];

/** Names of parameters that carry what lets somebody in. */
const secretName = /token|jwt|auth|sig|secret|password|passwd|api.?key|session|^sid$|^key$|^code$/i;

function decodeName(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** Replaces the secrets an address may carry, such as `?token=…`, however their names are written. */
export function redactUrl(url: string): string {
  return url.replace(/([?&;])([^=&;#\s]*)=([^&;#\s]*)/g, (pair, mark: string, name: string) =>
    secretName.test(decodeName(name)) ? `${mark}${name}=[redacted]` : pair,
  );
}

/**
 * The process's log: JSON lines on stdout; readable ones on a terminal in DEVELOPMENT.
 * Fields that carry tokens or what people wrote are never written out.
 */
export function createLog(config: Pick<Config, 'logLevel' | 'production'>): Log {
  const pretty = !config.production && process.stdout.isTTY;
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
