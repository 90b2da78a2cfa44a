import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';
import { redact, redactText } from './redaction.ts';
import { createStdoutWriter, type LineWriter } from './stdout-writer.ts';

export type Log = Logger;

/** A production installation leaves out what only makes development pleasant. */
function isInstalled(name: string): boolean {
  try {
    import.meta.resolve(name);
    return true;
  } catch {
    return false;
  }
}

let stdout: LineWriter | undefined;

/**
 * The process's log: JSON lines on stdout; readable ones on a terminal in DEVELOPMENT.
 * Fields that carry tokens or what people wrote are never written out, nor are secrets in texts.
 */
export function createLog(config: Pick<Config, 'logLevel' | 'production'>): Log {
  const pretty = !config.production && process.stdout.isTTY && isInstalled('pino-pretty');
  const options = {
    level: config.logLevel,
    base: null,
    formatters: { log: (fields: Record<string, unknown>) => redact(fields) },
    // Errors are plain objects by then; a message may be an error's own.
    serializers: { err: (error: unknown) => error, msg: redactText },
  };
  if (pretty) {
    const transport = { target: 'pino-pretty', options: { ignore: 'pid,hostname' } };
    return redactChildren(pino({ ...options, transport }));
  }
  stdout ??= createStdoutWriter();
  return redactChildren(pino(options, stdout));
}

/** What parts of the program add to each line of theirs, which pino shows no formatter. */
function redactChildren(log: Log): Log {
  const { child } = log;
  log.child = function (this: Log, bindings: object, ...options: []) {
    return child.call(this, redact(bindings), ...options);
  } as typeof child;
  return log;
}
