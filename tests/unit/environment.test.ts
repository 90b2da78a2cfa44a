import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../src/config.ts';
import { ConfigError } from '../../src/environment.ts';
import { mongoUriProblem } from '../../src/infra/mongo-uri.ts';
import { secretWeakness } from '../../src/weak-secret.ts';

const SECRET = 'a-secret-nobody-may-see-of-32-bytes!';
const minimal = { JWT_SECRET_KEY: SECRET };
const production = { SERVER_MODE: 'PRODUCTION', MONGO_URI: 'mongodb://db/?replicaSet=rs0' };

function linesOf(env: NodeJS.ProcessEnv): readonly string[] {
  try {
    readConfig(env);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).lines;
  }
}

describe('MONGO_URI that the driver cannot use', () => {
  test.each([
    ['an unescaped password', 'mongodb://user:hun@ter2@host/', '%40'],
    ['a slash in the password', 'mongodb://user:hun/ter2@host/', '%2F'],
    ['a misspelt option', 'mongodb://host/?replcaSet=rs0', 'no option "replcaset"'],
    ['a number that is none', 'mongodb://host/?maxPoolSize=many', 'maxPoolSize'],
    ['an SRV name with a port', 'mongodb+srv://host:27017/', 'cannot have port number'],
    ['a port beyond all', 'mongodb://user:hunter2@host:99999/', 'cannot read it'],
    ['one connection to two hosts', 'mongodb://a,b/?directConnection=true', 'exactly one host'],
  ])('%s is a wrong configuration, told by its name without the address', (_what, uri, why) => {
    const [line = '', ...more] = linesOf({ ...minimal, MONGO_URI: uri });
    expect(more).toEqual([]);
    expect(line).toMatch(/^MONGO_URI: got a value of \d+ characters \(/);
    expect(line).toContain(why);
    expect(line).not.toMatch(/hun|ter2/);
  });

  test.each([
    'mongodb://127.0.0.1:27017/?replicaSet=rs0',
    'mongodb://user:p%40ss@a:1,b:2,c:3/db?replicaSet=rs0&authSource=admin&tls=true',
    'mongodb+srv://user:pass@cluster.example.com/?retryWrites=true&w=majority',
  ])('%s is none', (uri) => expect(mongoUriProblem(uri)).toBeUndefined());
});

test('an id that is given as a mention is not called the placeholder', () => {
  for (const ADMIN_ROLE_ID of ['<@&100000000000000006>', '<#100000000000000006>']) {
    expect(linesOf({ ADMIN_ROLE_ID })[0]).toMatch(
      /^ADMIN_ROLE_ID: .*\(a mention; write the number/,
    );
  }
});

describe('JWT_SECRET_KEY', () => {
  test('whatever is wrong with it, the shortest one that is taken is told', () => {
    for (const JWT_SECRET_KEY of [undefined, 'short', '<super_secret_key>']) {
      expect(linesOf({ JWT_SECRET_KEY })[0]).toMatch(/at least 8 characters \(32 bytes in PROD/);
    }
  });

  test('left as in .env.example it is called the placeholder', () => {
    expect(linesOf({ JWT_SECRET_KEY: '<super_secret_key>' })).toEqual([
      expect.stringMatching(
        /^JWT_SECRET_KEY: got a value of 18 characters \(still the placeholder\)/,
      ),
    ]);
  });

  test.each([
    ['a'.repeat(32), 'too few different characters'],
    ['0'.repeat(64), 'too few different characters'],
    ['abcdefghij'.repeat(4), 'repeats one piece'],
    ['Pa$$w0rd-2024'.repeat(3), 'repeats one piece'],
    ['abcdefghijklmnopqrstuvwxyz0123456789', 'a sequence'],
    ['my-super-secret-jwt-signing-key-2024', 'common words'],
    ['change-this-secret-password-please-now', 'common words'],
    ['a-string-secret-at-least-256-bits-long', 'a published example'],
  ])('%s is refused in PRODUCTION: %s', (secret, why) => {
    for (const name of ['JWT_SECRET_KEY', 'JWT_SECRET_KEY_PREVIOUS']) {
      const lines = linesOf({ ...production, ...minimal, [name]: secret });
      expect(lines).toEqual([expect.stringContaining(why)]);
      expect(lines[0]).toMatch(new RegExp(`^${name}: got a value of `));
    }
    expect(linesOf({ JWT_SECRET_KEY: secret })).toEqual([]);
  });

  test('nothing that a generator makes is refused', () => {
    for (let i = 0; i < 2000; i++) {
      const bytes = randomBytes(32);
      for (const secret of [bytes.toString('hex'), bytes.toString('base64'), randomUUID()]) {
        expect({ secret, why: secretWeakness(secret) }).toEqual({ secret, why: undefined });
      }
    }
  });
});

describe('the safe default', () => {
  test('without SERVER_MODE nothing but loopback is listened on, and that is said', () => {
    const config = readConfig(minimal);
    expect(config).toMatchObject({ host: '127.0.0.1', production: false });
    expect(config.notices).toEqual([expect.stringMatching(/^SERVER_MODE is not set: .*loopback/)]);
  });

  test.each(['0.0.0.0', '::', '10.0.0.1', 'support.example.com'])(
    'without SERVER_MODE HOST=%s is refused',
    (HOST) => {
      expect(linesOf({ ...minimal, HOST })).toEqual([
        expect.stringMatching(/^HOST: got ".*" \(SERVER_MODE is not set/),
      ]);
    },
  );

  test.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('HOST=%s never is', (HOST) => {
    expect(readConfig({ ...minimal, HOST }).host).toBe(HOST);
  });

  test('PRODUCTION listens on every address, DEVELOPMENT on those it is told to, with a warning', () => {
    expect(readConfig({ ...minimal, ...production })).toMatchObject({
      host: '0.0.0.0',
      notices: [],
    });
    const development = { ...minimal, SERVER_MODE: 'DEVELOPMENT' };
    expect(readConfig(development)).toMatchObject({ host: '127.0.0.1', notices: [] });
    expect(readConfig({ ...development, HOST: '0.0.0.0' }).notices).toEqual([
      expect.stringContaining('every origin'),
    ]);
  });
});

describe('a variable that is not read and looks like one that is', () => {
  const quiet = { ...minimal, SERVER_MODE: 'DEVELOPMENT' };
  const noticesOf = (env: Record<string, string>) => readConfig({ ...quiet, ...env }).notices;

  test.each([
    ['MONGO_URL', 'MONGO_URI'],
    ['MONGODB_URI', 'MONGO_URI'],
    ['MONGO_UR', 'MONGO_URI'],
    ['PORT', 'WEB_SERVER_PORT'],
    ['WEBSERVER_PORT', 'WEB_SERVER_PORT'],
    ['JWT_ISUER', 'JWT_ISSUER'],
    ['DISCORD_TOKEN', 'DISCORD_BOT_TOKEN'],
    ['GENERAL_TICKET_CATAGORY_ID', 'GENERAL_TICKET_CATEGORY_ID'],
    ['SUPPORT_TEAM_ROLES_ID', 'SUPPORT_TEAM_ROLE_ID'],
    ['ALLOWED_ORIGIN', 'ALLOWED_ORIGINS'],
    ['LOG_LEVL', 'LOG_LEVEL'],
    ['mongo_uri', 'MONGO_URI'],
    ['REDIS_URL_FIL', 'REDIS_URL_FILE'],
  ])('%s is told of with %s', (name, nearest) => {
    expect(noticesOf({ [name]: 'hunter2' })).toEqual([`${name} is not read: is ${nearest} meant?`]);
  });

  test('the file of what is no secret is not read either, which is said', () => {
    expect(noticesOf({ GUILD_ID_FILE: '/run/secrets/guild' })).toEqual([
      'GUILD_ID_FILE is not read: only a secret may come from a file; set GUILD_ID',
    ]);
  });

  test('what is empty, what belongs to others, and what has its right name beside it is not', () => {
    const others = [
      ...[
        'PATH',
        'HOME',
        'HOSTNAME',
        'HOSTTYPE',
        'LANG',
        'SHELL',
        'USER',
        'LOGNAME',
        'PWD',
        'TERM',
      ],
      ...['NODE_ENV', 'NODE_OPTIONS', 'NODE_VERSION', 'DEMO_PORT', 'MONGO_PASSWORD', 'TMPDIR'],
      ...['MONGO_ROOT_PASSWORD', 'REDIS_PASSWORD', 'DB_USER', 'ROLE_ARN', 'POST', 'DATADOG_SITE'],
      ...['DESKCORD_FAILPOINT', 'PUBLISH_ADDRESS', 'npm_config_cache', 'XDG_DATA_DIRS'],
    ];
    expect(noticesOf(Object.fromEntries(others.map((name) => [name, 'x'])))).toEqual([]);
    expect(noticesOf({ MONGO_URL: '', PORT: ' ' })).toEqual([]);
    expect(noticesOf({ PORT: '8080', WEB_SERVER_PORT: '8080' })).toEqual([]);
  });
});
