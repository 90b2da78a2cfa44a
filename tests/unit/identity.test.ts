import { createHmac, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { type Config, readConfig } from '../../src/config.ts';
import { createTokenVerifier } from '../../src/domain/access/identity.ts';
import { AppError } from '../../src/errors.ts';

const SECRET = 'the-secret-of-the-backend-32-bytes-long';
const FORMER = 'the-secret-before-it-of-32-bytes-or-so';
const user = { id: '42', username: 'Ana', email: 'ana@example.com', role: 'CUSTOMER' };

function configOf(env: Record<string, string> = {}): Config['jwt'] {
  return readConfig({ JWT_SECRET_KEY: SECRET, ...env }).jwt;
}

const production = { SERVER_MODE: 'PRODUCTION', MONGO_URI: 'mongodb://x/?replicaSet=rs0' };
const seconds = () => Math.floor(Date.now() / 1000);
const mint = (claims: object, options: jwt.SignOptions = {}, secret = SECRET) =>
  jwt.sign(claims, secret, { noTimestamp: true, ...options });

/** A token put together by hand, for what no library signs. */
function forge(header: object, payload: object | string, secret = SECRET): string {
  const part = (value: object | string) =>
    Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

async function refusalOf(token: string, config = configOf()): Promise<AppError> {
  try {
    await createTokenVerifier(config, Date.now).verify(token);
  } catch (error) {
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe('UNAUTHORIZED');
    return error as AppError;
  }
  throw new Error('the token was accepted');
}

const accept = (token: string, config = configOf()) =>
  createTokenVerifier(config, Date.now).verify(token);

test('a good token says who somebody is', async () => {
  const exp = seconds() + 100;
  expect(await accept(mint({ ...user, exp }))).toEqual({
    actor: { key: '42', ...user, origin: 'web' },
    expiresAt: exp * 1000,
    notBefore: 0,
  });
  expect((await accept(mint(user))).expiresAt).toBe(Number.POSITIVE_INFINITY);
});

describe('algorithms', () => {
  // As texts: a generated key object may wait for itself for ever when it is asked for its details
  // while its memory is collected.
  const { publicKey: pem, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });

  test.each([
    ['none', jwt.sign(user, '', { algorithm: 'none' })],
    ['None', forge({ alg: 'None', typ: 'JWT' }, user)],
    ['HS512', mint(user, { algorithm: 'HS512' })],
    ['HS384', mint(user, { algorithm: 'HS384' })],
    ['RS256', jwt.sign(user, privateKey, { algorithm: 'RS256' })],
  ])('%s is refused by name', async (alg, token) => {
    expect((await refusalOf(token)).message).toBe(`algorithm "${alg}" is not allowed, only HS256`);
  });

  test('a public key is no secret: neither RS256 nor HS256 signed with it passes', async () => {
    const config = configOf({ JWT_SECRET_KEY: pem });
    const signed = jwt.sign(user, privateKey, { algorithm: 'RS256' });
    expect((await refusalOf(signed, config)).message).toContain('algorithm "RS256"');
    expect((await refusalOf(forge({ alg: 'HS256' }, user, pem))).message).toBe(
      'signature does not match',
    );
  });

  test('those configured are accepted, and only those', async () => {
    const config = configOf({ JWT_ALGORITHMS: 'HS384,HS512' });
    expect((await accept(mint(user, { algorithm: 'HS512' }), config)).actor.id).toBe('42');
    expect((await refusalOf(mint(user), config)).message).toBe(
      'algorithm "HS256" is not allowed, only HS384, HS512',
    );
  });

  test.each([
    ['crit', { alg: 'HS256', crit: ['exp'] }, 'critical header extensions are not supported'],
    [
      'crit that is null',
      { alg: 'HS256', crit: null },
      'critical header extensions are not supported',
    ],
    ['no alg', { typ: 'JWT' }, 'algorithm "undefined" is not allowed, only HS256'],
    ['a list as alg', { alg: ['HS256'] }, 'algorithm "HS256" is not allowed, only HS256'],
  ])('a header with %s is refused', async (_what, header, message) => {
    expect((await refusalOf(forge(header, user))).message).toBe(message);
  });
});

describe('what is no token', () => {
  test.each(['', 'a', 'a.b', 'a.b.c', '..', 'a.b.c.d', '{"alg":"HS256"}', 'é.é.é', '__proto__'])(
    '%j is refused',
    async (token) => {
      expect((await refusalOf(token)).message).toMatch(/./);
    },
  );

  test('a huge one is refused before it is looked at', async () => {
    expect((await refusalOf(`eyJ${'a'.repeat(1_000_000)}`)).message).toBe(
      'the token is longer than 8192 characters',
    );
  });

  test.each([
    ['text', '"hello"'],
    ['a list', '[1]'],
    ['null', 'null'],
    ['a number', '5'],
    ['no JSON', '{'],
  ])('a payload that is %s is refused', async (_what, payload) => {
    for (const header of [{ alg: 'HS256' }, { alg: 'HS256', typ: 'JWT' }]) {
      expect((await refusalOf(forge(header, payload))).message).toMatch(/./);
      expect((await refusalOf(forge(header, payload, 'not the secret'))).message).toMatch(/./);
    }
  });

  test('a changed payload or signature does not match', async () => {
    const [header, , signature] = mint(user).split('.');
    const other = Buffer.from(JSON.stringify({ ...user, role: 'ADMIN' })).toString('base64url');
    expect((await refusalOf(`${header}.${other}.${signature}`)).message).toBe(
      'signature does not match',
    );
    expect((await refusalOf(mint(user, {}, 'another-secret'))).message).toBe(
      'signature does not match',
    );
    expect((await refusalOf(`${header}.${other}.`)).message).toMatch(/signature/);
  });
});

describe('claims', () => {
  test.each(['id', 'username', 'email', 'role'])(
    'without %s the token is refused by name',
    async (name) => {
      const rest = Object.fromEntries(Object.entries(user).filter(([key]) => key !== name));
      expect((await refusalOf(mint(rest))).message).toBe(`claim "${name}" is missing`);
    },
  );

  test.each(['userId', 'name', 'admin', 'permissions', 'Role', '__proto__x'])(
    'an unknown claim "%s" is refused by name',
    async (name) => {
      expect((await refusalOf(mint({ ...user, [name]: 'x' }))).message).toBe(
        `claim "${name}" is not known`,
      );
    },
  );

  test('sub stands for id; both must agree', async () => {
    const { id, ...rest } = user;
    expect((await accept(mint({ ...rest, sub: id }))).actor.id).toBe('42');
    expect((await accept(mint({ ...user, sub: '42' }))).actor.id).toBe('42');
    expect((await refusalOf(mint({ ...user, sub: '43' }))).message).toContain('claim "sub"');
    expect((await refusalOf(mint({ ...user, id: '', sub: '43' }))).message).toContain('claim "id"');
  });

  test('a wrong role is answered with the roles there are', async () => {
    expect((await refusalOf(mint({ ...user, role: 'customer' }))).message).toBe(
      'role "customer" is not one of TEMP_USER, CUSTOMER, AGENT, ADMIN',
    );
    for (const role of ['', 'SUPERADMIN', 'ADMIN ', 5, null, ['ADMIN'], { ADMIN: 1 }]) {
      expect((await refusalOf(mint({ ...user, role }))).message).toMatch(
        /^role ".*" is not one of/,
      );
    }
  });

  test.each([
    ['id', 4.2],
    ['id', 2 ** 53],
    ['id', true],
    ['id', { toString: 1 }],
    ['id', ''],
    ['id', 'x'.repeat(201)],
    ['id', 'a\nb'],
    ['id', '\ud800'],
    ['username', ''],
    ['username', 'x'.repeat(101)],
    ['username', { toString: 'x' }],
    ['username', 'Ana\u0000'],
    ['email', 'ana'],
    ['email', 'a b@example.com'],
    ['email', null],
    ['iss', ''],
    ['iss', 7],
    ['aud', 7],
    ['jti', 7],
  ])('%s %j is refused by name', async (name, value) => {
    const token = forge({ alg: 'HS256' }, { ...user, [name]: value });
    expect((await refusalOf(token)).message).toContain(name);
  });

  test.each([
    [42, '42'],
    [0, '0'],
    [-7, '-7'],
    [Number.MAX_SAFE_INTEGER, '9007199254740991'],
  ])('an id that is the number %d is taken as its digits', async (id, digits) => {
    const { sub: _, id: __, ...rest } = { sub: '', ...user };
    for (const claims of [
      { ...rest, id },
      { ...rest, sub: id },
      { ...rest, id, sub: digits },
    ]) {
      expect((await accept(mint(claims))).actor).toMatchObject({ id: digits, key: digits });
    }
  });

  test('an id too large to be exact is refused with what to do', async () => {
    const token = forge({ alg: 'HS256' }, { ...user, id: 2 ** 60 });
    expect((await refusalOf(token)).message).toBe(
      'claim "id" is wrong: is too large to be exact as a number; send it as text',
    );
    expect((await refusalOf(mint({ ...user, id: true }))).message).toBe(
      'claim "id" is wrong: must be text or a whole number',
    );
  });

  test('a guest needs no email, everybody else does', async () => {
    for (const email of [undefined, null]) {
      const guest = JSON.parse(JSON.stringify({ ...user, email, role: 'TEMP_USER' }));
      expect((await accept(mint(guest))).actor.email).toBeNull();
      for (const role of ['CUSTOMER', 'AGENT', 'ADMIN']) {
        const { message } = await refusalOf(mint({ ...guest, role }));
        expect(message).toBe('claim "email" is missing');
      }
    }
  });

  test('a role that is no text is refused like any other, whatever it is', async () => {
    for (const role of [{ toString: 1 }, { toJSON: 1 }, [[]], null]) {
      const { message } = await refusalOf(forge({ alg: 'HS256' }, { ...user, role }));
      expect(message).toMatch(/^role ".*" is not one of/);
    }
  });

  test('claims that are no object are refused by name', async () => {
    for (const payload of ['null', '[]', '"x"', '7', 'true']) {
      const { message } = await refusalOf(forge({ alg: 'HS256', typ: 'JWT' }, payload));
      expect(message).toMatch(/^(the claims are not an object|the token is not a JWT)$/);
    }
    expect((await refusalOf(forge({ alg: 'HS256', typ: 'JWT' }, 'null'))).message).toBe(
      'the claims are not an object',
    );
  });

  test('the issuer of those who act in Discord is reserved', async () => {
    expect((await refusalOf(mint({ ...user, iss: 'discord' }))).message).toBe(
      'claim "iss" is wrong: "discord" is reserved',
    );
  });

  test('staff and customers with one id are different people, a guest and a customer one', async () => {
    const keyOf = async (role: string) => (await accept(mint({ ...user, role }))).actor.key;
    expect(await keyOf('TEMP_USER')).toBe('42');
    expect(await keyOf('CUSTOMER')).toBe('42');
    expect(await keyOf('AGENT')).toBe('staff||42');
    expect(await keyOf('ADMIN')).toBe('staff||42');
  });

  test('a name is shown without what is not seen, and not as one of the staff', async () => {
    const nameOf = async (username: string, role = 'CUSTOMER') =>
      (await accept(mint({ ...user, username, role }))).actor.username;
    expect(await nameOf('\u202eanA\u202c\u200b')).toBe('anA');
    expect(await nameOf('Kim (staff)')).toBe('Kim [staff]');
    expect(await nameOf('Kim (staff)', 'AGENT')).toBe('Kim (staff)');
    expect((await refusalOf(mint({ ...user, username: '\u200b\u2060' }))).message).toBe(
      'claim "username" is wrong: has nothing visible',
    );
  });

  test('the registered ones are known', async () => {
    const more = { iss: 'shop', aud: ['a', 'b'], iat: seconds(), jti: 'x', nbf: seconds() - 5 };
    expect((await accept(mint({ ...user, ...more }))).actor.key).toBe('shop|42');
  });

  test('names may be in any script', async () => {
    expect((await accept(mint({ ...user, username: 'Åsa 😀 ليلى' }))).actor.username).toBe(
      'Åsa 😀 ليلى',
    );
  });

  test.each(['käufer', 'role"\r\nX-Evil: 1', '\u202eNIMDA', 'x'.repeat(5000)])(
    'what the token says (%j) is cut to printable ASCII where it is repeated',
    async (role) => {
      const { message, details } = await refusalOf(mint({ ...user, role }));
      expect(message).toMatch(/^[\x20-\x7e]{1,200}$/);
      const header = details.headers?.['WWW-Authenticate'] ?? '';
      expect(header).toMatch(
        /^Bearer error="invalid_token", error_description="[\x20\x21\x23-\x5b\x5d-\x7e]*"$/,
      );
    },
  );
});

describe('times, with 60 s of skew', () => {
  test.each([
    ['expired long ago', { exp: -3600 }, 'token expired'],
    ['expired 62 s ago', { exp: -62 }, 'token expired'],
    ['not valid for an hour', { nbf: 3600 }, 'token is not valid yet'],
    ['not valid for 63 s', { nbf: 63 }, 'token is not valid yet'],
  ])('%s: refused', async (_what, times, message) => {
    const claims = Object.fromEntries(
      Object.entries(times).map(([name, offset]) => [name, seconds() + offset]),
    );
    expect((await refusalOf(mint({ ...user, ...claims }))).message).toBe(message);
  });

  test.each([
    ['expired 57 s ago', { exp: -57 }],
    ['valid in 58 s', { nbf: 58 }],
  ])('%s: accepted', async (_what, times) => {
    const claims = Object.fromEntries(
      Object.entries(times).map(([name, offset]) => [name, seconds() + offset]),
    );
    expect((await accept(mint({ ...user, ...claims }))).actor.id).toBe('42');
  });

  test.each([
    ['text', '9999999999'],
    ['a date', '2099-01-01'],
    ['null', null],
  ])('an exp that is %s is refused', async (_what, exp) => {
    expect((await refusalOf(forge({ alg: 'HS256' }, { ...user, exp }))).message).toMatch(/exp/);
  });

  test.each(['exp', 'nbf', 'iat'])('%s in milliseconds is refused as such', async (name) => {
    const times = { exp: seconds() + 100, [name]: Date.now() };
    const token = forge({ alg: 'HS256' }, { ...user, ...times });
    expect((await refusalOf(token)).message).toBe(
      `claim "${name}" is wrong: is in milliseconds; it wants seconds since 1970`,
    );
  });

  test('in PRODUCTION exp is at most ten years ahead', async () => {
    const year = 365 * 24 * 3600;
    const within = mint({ ...user, exp: seconds() + 10 * year });
    expect((await accept(within, configOf(production))).actor.id).toBe('42');
    const beyond = mint({ ...user, exp: seconds() + 11 * year });
    expect((await refusalOf(beyond, configOf(production))).message).toBe(
      'claim "exp" is more than 10 years ahead',
    );
    expect((await accept(beyond)).actor.id).toBe('42');
  });

  test('exp is required in PRODUCTION', async () => {
    expect((await refusalOf(mint(user), configOf(production))).message).toBe(
      'claim "exp" is missing',
    );
    expect(
      (await accept(mint({ ...user, exp: seconds() + 9 }), configOf(production))).actor.id,
    ).toBe('42');
  });
});

describe('issuer and audience, when configured', () => {
  const config = configOf({ JWT_ISSUER: 'https://shop', JWT_AUDIENCE: 'deskcord' });
  const good = { ...user, iss: 'https://shop', aud: 'deskcord' };

  test('must match', async () => {
    expect((await accept(mint(good), config)).actor.key).toBe('https://shop|42');
    expect((await accept(mint({ ...good, aud: ['x', 'deskcord'] }), config)).actor.id).toBe('42');
    for (const iss of [undefined, 'https://shop/', 'https://evil']) {
      const claims = JSON.parse(JSON.stringify({ ...good, iss }));
      expect((await refusalOf(mint(claims), config)).message).toBe('issuer does not match');
    }
    for (const aud of [undefined, 'desk', ['a', 'deskcord2']]) {
      const claims = JSON.parse(JSON.stringify({ ...good, aud }));
      expect((await refusalOf(mint(claims), config)).message).toBe('audience does not match');
    }
  });
});

describe('a secret that is being rotated', () => {
  test('the former one is accepted while it is configured, and its faults keep their reason', async () => {
    const rotating = configOf({ JWT_SECRET_KEY_PREVIOUS: FORMER });
    expect((await accept(mint(user, {}, FORMER), rotating)).actor.id).toBe('42');
    expect((await accept(mint(user), rotating)).actor.id).toBe('42');
    expect((await refusalOf(mint(user, {}, FORMER))).message).toBe('signature does not match');
    const expired = mint({ ...user, exp: seconds() - 100 });
    expect((await refusalOf(expired, rotating)).message).toBe('token expired');
    const formerExpired = mint({ ...user, exp: seconds() - 100 }, {}, FORMER);
    expect((await refusalOf(formerExpired, rotating)).message).toBe('token expired');
    expect((await refusalOf(mint(user, {}, 'a third secret'), rotating)).message).toBe(
      'signature does not match',
    );
  });
});

describe('the cache of verified tokens', () => {
  test('never crosses users, honours both times, and forgets no refusal', async () => {
    let now = Date.now();
    const verifier = createTokenVerifier(configOf(), () => now);
    const tokens = Array.from({ length: 50 }, (_, i) =>
      mint({ ...user, id: `user-${i}`, exp: seconds() + 100 }),
    );
    for (let round = 0; round < 2; round++) {
      for (const [i, token] of tokens.entries()) {
        expect((await verifier.verify(token)).actor.id).toBe(`user-${i}`);
      }
    }
    const forged = `${tokens[0]?.slice(0, -4)}AAAA`;
    await expect(verifier.verify(forged)).rejects.toThrow('signature does not match');
    await expect(verifier.verify(forged)).rejects.toThrow('signature does not match');
    now += 155_000;
    expect((await verifier.verify(tokens[0] as string)).actor.id).toBe('user-0');
    now += 10_000;
    await expect(verifier.verify(tokens[0] as string)).rejects.toThrow('token expired');
    now -= 165_000;
    const later = mint({ ...user, nbf: seconds() + 50 });
    expect((await verifier.verify(later)).actor.id).toBe('42');
    now -= 20_000;
    await expect(verifier.verify(later)).rejects.toThrow('token is not valid yet');
  });

  test('a token met for the first time is judged by the same clock', async () => {
    const now = Date.now() + 1_000_000;
    const verifier = createTokenVerifier(configOf(), () => now);
    await expect(verifier.verify(mint({ ...user, exp: seconds() + 100 }))).rejects.toThrow(
      'token expired',
    );
    expect((await verifier.verify(mint({ ...user, nbf: seconds() + 1000 }))).actor.id).toBe('42');
  });
});
