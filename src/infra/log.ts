import { types } from 'node:util';
import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';
import { type LineWriter, openStdout } from './log-output.ts';
import { REDACTED, redactText } from './secrets.ts';

export type Log = Logger;

/** Fields that nobody is to read, whatever they hold. */
const hidden = new Set(['token', 'authorization', 'secret', 'password', 'content', 'email']);
/** The last words of other names of such fields, as long as they hold text. */
const secretField =
  /(?:^|_)(?:token|jwt|authorization|secret|password|passwd|apikey|(?:api|private)_key|cookie)$/;
/** Fields that quote what others have said. */
const quoting = new Set(['reason', 'why', 'message', 'stack']);
/** Fields within fields are looked at so deep, those of an error within a field included. */
const DEPTH = 7;

/** What is known of names: they are few, and come with each line. */
const secretFields = new Map<string, boolean>();
const MOST_NAMES = 1000;

function isSecretField(name: string): boolean {
  let is = secretFields.get(name);
  if (is === undefined) {
    const words = name.replace(/([a-z\d])([A-Z])/g, '$1_$2').replaceAll('-', '_');
    is = hidden.has(name.toLowerCase()) || secretField.test(words.toLowerCase());
    if (secretFields.size >= MOST_NAMES) secretFields.clear();
    secretFields.set(name, is);
  }
  return is;
}

function redactField(name: string, value: unknown, depth: number): unknown {
  if (typeof value !== 'string') return hidden.has(name) ? REDACTED : redact(value, depth);
  if (isSecretField(name)) return REDACTED;
  return quoting.has(name) ? redactText(value) : value;
}

/** Of whichever realm. */
const isError = (value: unknown): value is Error =>
  value instanceof Error || types.isNativeError(value);

/**
 * Fields without what nobody is to read; the same object where there is none of it, which is nearly always.
 * By hand, since pino's own way with fields within others copies every field of every line.
 */
export function redact<T>(value: T, depth = DEPTH): T {
  if (depth === 0 || typeof value !== 'object' || value === null) return value;
  if (isError(value)) return showError(value, depth) as T;
  if (ArrayBuffer.isView(value) || 'toJSON' in value) return value;
  const fields = value as Record<string, unknown>;
  let shown: Record<string, unknown> | undefined;
  for (const name of Object.keys(fields)) {
    if (fields[name] === undefined) continue;
    const field = redactField(name, fields[name], depth - 1);
    if (field === fields[name]) continue;
    shown ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    shown[name] = field;
  }
  return (shown as T | undefined) ?? value;
}

/** An error as a line shows it: what it says, where it comes from, its fields, and the errors within it. */
const showError = (error: Error, depth: number) =>
  redact({ ...pino.stdSerializers.err(error) } as object, depth);

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
 * Fields that carry tokens or what people wrote are never written out.
 */
export function createLog(config: Pick<Config, 'logLevel' | 'production'>): Log {
  const pretty = !config.production && process.stdout.isTTY && isInstalled('pino-pretty');
  const options = {
    level: config.logLevel,
    base: null,
    // Of those on top, and of what parts of the program add to each line of theirs.
    redact: { paths: [...hidden], censor: REDACTED },
    formatters: { log: (fields: Record<string, unknown>) => redact(fields) },
    // Errors have been made into fields by then.
    serializers: { err: (error: unknown) => error },
  };
  if (pretty) {
    const transport = { target: 'pino-pretty', options: { ignore: 'pid,hostname' } };
    return pino({ ...options, transport });
  }
  stdout ??= openStdout();
  return pino(options, stdout);
}
