/** What stands where something was taken out. */
export const REDACTED = '[redacted]';

/** The last word of a name under which programs put tokens, keys and passwords into an address. */
const secretName =
  /(?:^|[^a-z])(?:token|jwt|auth|authorization|key|apikey|secret|password|passwd|pass|pwd|sig|signature|sid)$/;
const webToken = /eyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?/g;

/** Undoes percent-encoding of ASCII, twice where it was done twice; what is not valid stays as it is. */
function decode(text: string): string {
  const once = (encoded: string) =>
    encoded.replace(/%([0-7][0-9a-f])/gi, (_all, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return once(once(text));
}

/** `accessToken`, `access-token[0]` and `access_token1` as one. */
const normalise = (name: string) =>
  decode(name)
    .replace(/\d*(?:\[\w*\])?$/, '')
    .replace(/([a-z\d])([A-Z])/g, '$1_$2')
    .toLowerCase();

/** By the last word of a name: what stands before it, valid or not, makes it no less of a secret. */
export function isSecretName(name: string): boolean {
  return secretName.test(normalise(name));
}

const hasToken = (value: string) => decode(value).search(webToken) >= 0;

/**
 * Replaces the tokens that a text's addresses may carry, however their parameters are written: `?token=…`,
 * `?%74oken=…`, `&access_token=…`, the signature of a link, an address within one, and what looks like a JWT.
 */
export function redactAddresses(text: string): string {
  return text
    .replace(/([?&;#])([^=&;#?\s]+)=([^&;#\s]*)/g, (all, mark, name, value) => {
      const inner = decode(value);
      const isSecret =
        isSecretName(name) ||
        hasToken(value) ||
        (inner !== value && redactAddresses(inner) !== inner);
      return isSecret ? `${mark}${name}=${REDACTED}` : all;
    })
    .replace(webToken, REDACTED)
    .replace(/(\w+:\/\/)[^/\s:@]*:[^/\s@]+@/g, `$1${REDACTED}@`);
}

/** Takes out of a text whatever looks like a token, a password in an address, or a webhook's. */
export function redactText(text: string): string {
  return (
    redactAddresses(text)
      .replace(/\b(authorization["']?\s*[:=]\s*["']?\w+)\s+[^\s"',]+/gi, `$1 ${REDACTED}`)
      .replace(/\b(Bearer)\s+(?=\S*[\d._])[\w.~+/=-]{6,}/gi, `$1 ${REDACTED}`)
      // A bot's token has three parts: "the bot was removed" names none.
      .replace(/\b(Bot)\s+[\w-]+\.[\w-]+\.[\w-]+/gi, `$1 ${REDACTED}`)
      .replace(/(webhooks\/\d+\/)[\w-]+/g, `$1${REDACTED}`)
  );
}

/** Parameters whose values tell of nobody, in the form they have. */
const plainParameters = new Set([
  ...[
    'limit',
    'page',
    'before',
    'after',
    'sort',
    'order',
    'from',
    'to',
    'days',
    'format',
    'version',
  ],
  ...['created_from', 'created_to', 'updated_from', 'updated_to', 'closed_from', 'closed_to'],
  ...['status', 'issue_level', 'support_role', 'priority', 'category', 'sla', 'archived', 'stream'],
  ...['ticket_id', 'customer_id', 'exp', 'EIO', 'transport', 't'],
]);
const plainValue = /^[\w:.,+-]{0,40}$/;

/**
 * The target of a request as the log shows it. What is searched for are texts and e-mail addresses, and what
 * a client makes up may be anything: of the query only what is known to be neither is shown.
 */
export function redactTarget(target: string): string {
  const start = target.search(/[?#]/);
  const path = start < 0 ? target : target.slice(0, start);
  let shown = path.includes(':') ? path.replace(/^(\w+:\/\/)[^/]*@/, `$1${REDACTED}@`) : path;
  if (shown.includes('%')) {
    shown = shown.replace(/[^/]+/g, (part) => (hasToken(part) ? REDACTED : part));
  }
  if (shown.includes('eyJ')) shown = shown.replace(webToken, REDACTED);
  if (start < 0) return shown;
  const query = target.slice(start).replace(/([?&;#])([^&;#?]+)/g, (all, mark, parameter) => {
    const [name, value] = parameter.split(/=(.*)/s, 2) as [string, string | undefined];
    if (value === undefined) return `${mark}${REDACTED}`;
    const isPlain = plainParameters.has(name) && plainValue.test(value) && !hasToken(value);
    return isPlain ? all : `${mark}${name.slice(0, 40).replace(webToken, REDACTED)}=${REDACTED}`;
  });
  return shown + query;
}
