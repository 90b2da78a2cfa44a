import { types } from 'node:util';
import { type Logger, pino } from 'pino';
import type { Config } from '../config.ts';

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

/** How long a line waits for others, in milliseconds. */
const GATHER_MS = 20;
/** Bytes of lines that wait for whoever reads stdout, at most. */
const MOST_UNREAD = 16 * 1024 * 1024;

interface LineWriter {
  write(line: string): void;
}

/**
 * Few writes for many lines: one a line costs a busy server a tenth of its time. What is left when the
 * process exits is written then; one that is killed loses the lines of its last moment. Where nobody reads,
 * lines are dropped, and how often is said when somebody does again.
 */
function createStdoutWriter(): LineWriter {
  const options = { dest: 1, sync: false, contentMode: 'buffer', maxLength: MOST_UNREAD } as const;
  const output = pino.destination(options);
  let lines: string[] = [];
  let dropped = 0;
  let hasEnded = false;
  // Its types know of strings only, whose bytes it would count again with every line.
  const put = (text: string) => output.write(Buffer.from(text) as never);
  const send = () => {
    if (lines.length === 0 || hasEnded) return;
    const text = lines.join('');
    lines = [];
    put(text);
  };
  output.on('close', () => {
    hasEnded = true;
  });
  output.on('drop', (data: Buffer) => {
    for (const byte of data) if (byte === 10) dropped++;
  });
  output.on('drain', () => {
    if (dropped === 0) return;
    const msg = `${dropped} lines of the log were dropped: nobody read them`;
    dropped = 0;
    put(`${JSON.stringify({ level: 40, time: Date.now(), msg })}\n`);
  });
  // Before pino writes for the last time.
  for (const end of ['beforeExit', 'exit']) process.prependListener(end as 'exit', send);
  return {
    write(line) {
      if (lines.push(line) === 1) setTimeout(send, GATHER_MS).unref();
    },
  };
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
