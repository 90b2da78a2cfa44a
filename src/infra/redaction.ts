import { types } from 'node:util';
import { pino } from 'pino';

const REDACTED = '[redacted]';
/** How deep fields are looked into; what lies deeper is not written. */
const DEPTH = 7;
/** How many objects of one line are looked into; the others are not written. */
const MOST_OBJECTS = 500;
const UNSEEN = '[…]';
/** Characters of a string in a field: what takes secrets out of it may take the square of them. */
const MOST_TEXT = 16_384;

/** Names whose value is a secret, or what somebody wrote; by their last word, in any case and style. */
const secretName =
  /(?:token|jwt|authorization|secret|password|passwd|passphrase|credential|cookie|signature|apikey)s?$|(?:^|_)(?:auth|pass|pwd|sig|sid|(?:api|access|private|secret)_key|content|e?_?mail)$/;
/** Bounded, since from each `eyJ` on a long word would be read to its end. */
const webToken = /eyJ[\w-]{5,1000}\.[\w-]+(?:\.[\w-]*)?/g;

/** Undoes percent-encoding of ASCII, twice where it was done twice; what is not valid stays as it is. */
function decode(text: string): string {
  if (!text.includes('%')) return text;
  const once = (encoded: string) =>
    encoded.replace(/%([0-7][0-9a-f])/gi, (_all, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return once(once(text));
}

/** `X-Api-Key`, `apiKey` and `api_key[]` are `api_key`. */
function snakeCaseOf(name: string): string {
  return decode(name)
    .slice(-64)
    .replace(/([a-z\d])(?=[A-Z])/g, '$1_')
    .replace(/[^a-z\d]+/gi, '_')
    .replace(/[_\d]+$/, '')
    .toLowerCase();
}

/** Memoised: lines have few names, and have them again and again. */
const known = new Map<string, boolean>();
function isSecretName(name: string): boolean {
  let isSecret = known.get(name);
  if (isSecret === undefined) {
    isSecret = secretName.test(snakeCaseOf(name));
    if (known.size < 1000) known.set(name, isSecret);
  }
  return isSecret;
}

const hasWebToken = (text: string) => decode(text).search(webToken) >= 0;

/** Parameters that page, sort, or filter by ids, words of the desk, days and numbers. */
const shownParameters = new Set(
  `limit page before after order format days from to version archived status issue_level support_role priority
   category assigned_to sla ticket_id customer_id created_from created_to updated_from updated_to closed_from
   closed_to exp EIO transport`.split(/\s+/),
);
/** What such a parameter holds, and no text or address does. */
const plainValue = /^(?:[\w.,:+-]|%2[bc]|%3a){0,64}$/i;
const plainName = /^[\w.%[\]-]{1,40}$/;

/**
 * An address for the log, by an allow list: of its parameters only those that are known to be harmless
 * keep their values, since any other may hold a secret or what somebody looks for. Its path stays, but
 * for what looks like a JWT and for a user and a password before the host.
 */
export function redactUrl(url: string): string {
  const shown = url.replace(
    /([?&;#])([^=&;#\s]*)(=?)([^&;#\s]*)/g,
    (all, mark, name, is, value) => {
      if (shownParameters.has(name) && plainValue.test(value) && !hasWebToken(value)) return all;
      if (!is) return name ? mark + REDACTED : all;
      return `${mark}${plainName.test(decode(name)) ? name : REDACTED}=${REDACTED}`;
    },
  );
  const path = shown.replace(/^([a-z][\w+.-]*:)?\/\/[^/?#]*@/i, `$1//${REDACTED}@`);
  const plain = path.includes('%')
    ? path.replace(/[^/?&;#=\s]+/g, (part) => (hasWebToken(part) ? REDACTED : part))
    : path;
  return plain.replace(webToken, REDACTED);
}

const isSecretParameter = (name: string) =>
  isSecretName(name) || /(?:^|_)key$/.test(snakeCaseOf(name));

/** Whether a value is a token, or an address that carries a secret itself. */
function isSecretValue(value: string): boolean {
  const decoded = decode(value);
  if (decoded.search(webToken) >= 0) return true;
  const names = decoded.includes('=') ? decoded.matchAll(/([^=&;#?]+)=/g) : [];
  return [...names].some(([, name = '']) => isSecretParameter(name));
}

/** Parameters in a text, by a deny list: a text is to be read, and is written by programs. */
function redactParameters(text: string): string {
  return text.replace(/(^|[?&;#\s"'(,])([^=&;#?\s"'(,]+)=([^&;#\s]*)/g, (all, mark, name, value) =>
    isSecretParameter(name) || isSecretValue(value) ? `${mark}${name}=${REDACTED}` : all,
  );
}

/** Every text with a secret in it has one of these. */
const suspicious = /[/:@=]|eyJ|\b(?:bearer|bot)\s/i;

/**
 * Takes everything out of a text that looks like a token, a password in an address or an e-mail address,
 * and the configured secrets.
 */
export function withoutSecrets(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) if (secret.length >= 6) clean = clean.replaceAll(secret, REDACTED);
  if (!suspicious.test(clean)) return clean;
  return (
    redactParameters(clean)
      .replace(webToken, REDACTED)
      .replace(/\b(authorization["']?\s*[:=]\s*["']?\w+)\s+[^\s"',]+/gi, `$1 ${REDACTED}`)
      .replace(/\b(Bearer)\s+(?=\S*[\d._])[\w.~+/=-]{6,}/gi, `$1 ${REDACTED}`)
      // A bot's token has three parts: "the bot was removed" names none.
      .replace(/\b(Bot)\s+[\w-]+\.[\w-]+\.[\w-]+/gi, `$1 ${REDACTED}`)
      .replace(/((?:webhooks|interactions)\/\d+\/)[\w-]+/g, `$1${REDACTED}`)
      .replace(/(:\/\/)[^/\s:@]*:[^/\s@]+@/g, `$1${REDACTED}@`)
      .replace(/[\w.+-]{1,64}@[\w.-]{1,250}\.[a-z]{2,}\b/gi, REDACTED)
  );
}

/** A string of the log without secrets, and without the end of a very long one. */
export function redactText(text: string): string {
  return withoutSecrets(text.length > MOST_TEXT ? `${text.slice(0, MOST_TEXT)}…` : text);
}

/** Of whichever realm. */
const isError = (value: unknown): value is Error =>
  value instanceof Error || types.isNativeError(value);

/** Strings of the lines that are written most; they are made by us, and are not searched for secrets. */
const plainFields = new Set('request serial address method url user ticket stream type'.split(' '));

/**
 * Fields without what nobody is to read; the same object where there is none of it, which is nearly always.
 * By hand, since pino's own way with fields within others copies every field of every line.
 */
export function redact<T>(fields: T): T {
  return redactValue(fields, DEPTH, { objects: MOST_OBJECTS }) as T;
}

function redactValue(value: unknown, depth: number, left: { objects: number }): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  if (depth === 0 || left.objects-- <= 0) return UNSEEN;
  const shownError = isError(value) ? { ...pino.stdSerializers.err(value) } : undefined;
  if (!shownError && 'toJSON' in value && typeof value.toJSON === 'function') {
    const json: unknown = value.toJSON();
    return typeof json === 'object' ? redactValue(json, depth - 1, left) : value;
  }
  const fields = (shownError ?? value) as Record<string, unknown>;
  let shown: Record<string, unknown> | undefined = shownError;
  for (const name of Object.keys(fields)) {
    const field = fields[name];
    if (field === undefined) continue;
    if (depth === DEPTH && typeof field === 'string' && plainFields.has(name)) continue;
    const safe = isSecretName(name) ? REDACTED : redactValue(field, depth - 1, left);
    if (safe === field) continue;
    shown ??= (Array.isArray(value) ? [...value] : { ...value }) as Record<string, unknown>;
    shown[name] = safe;
  }
  return shown ?? value;
}
