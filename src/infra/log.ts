import { types } from 'node:util';
import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';
import { createStdoutWriter, type LineWriter } from './stdout-writer.ts';

export type Log = Logger;

const hidden = new Set(['token', 'authorization', 'secret', 'password', 'content', 'email']);
const REDACTED = '[redacted]';
/** Fields within fields within fields are looked at, and no deeper. */
const DEPTH = 3;

/** Names under which programs put tokens, keys and passwords into an address. */
const secretParameter =
  /^(?:(?:access|id|refresh|auth|bearer|api|client|session)[_-]?)?(?:token|jwt|auth|authorization|key|apikey|secret|password|passwd|pwd|sig|signature|sid)$/i;
const webToken = /eyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?/g;

/** Undoes percent-encoding of ASCII, twice where it was done twice; what is not valid stays as it is. */
function decode(text: string): string {
  const once = (encoded: string) =>
    encoded.replace(/%([0-7][0-9a-f])/gi, (_all, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return once(once(text));
}

/** By the last word of a name: what stands before it, valid or not, makes it no less of a secret. */
function isSecretName(name: string): boolean {
  return secretParameter.test(/[a-z_-]*$/i.exec(decode(name))?.[0] ?? '');
}

/**
 * Replaces the tokens an address may carry, however its parameters are written: `?token=…`,
 * `?%74oken=…`, `&access_token=…`, the signature of a link, and whatever looks like a JWT.
 */
export function redactUrl(url: string): string {
  return url
    .replace(/([?&;#])([^=&;#?\s]+)=([^&;#\s]*)/g, (all, mark, name, value) => {
      const isSecret = isSecretName(name) || decode(value).search(webToken) >= 0;
      return isSecret ? `${mark}${name}=${REDACTED}` : all;
    })
    .replace(webToken, REDACTED);
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
  if (ArrayBuffer.isView(value) || ('toJSON' in value && !isError(value))) return value;
  const fields = value as Record<string, unknown>;
  let shown: Record<string, unknown> | undefined;
  for (const name of Object.keys(fields)) {
    if (fields[name] === undefined) continue;
    const field = hidden.has(name) ? REDACTED : redact(fields[name], depth - 1);
    if (field === fields[name]) continue;
    shown ??= copyOf(value);
    shown[name] = field;
  }
  return (shown as T | undefined) ?? value;
}

function copyOf(value: object): Record<string, unknown> {
  if (isError(value)) return { ...pino.stdSerializers.err(value) };
  return (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
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
    serializers: {
      err: (error: unknown) => (isError(error) ? pino.stdSerializers.err(error) : error),
    },
  };
  if (pretty) {
    const transport = { target: 'pino-pretty', options: { ignore: 'pid,hostname' } };
    return pino({ ...options, transport });
  }
  stdout ??= createStdoutWriter();
  return pino(options, stdout);
}
