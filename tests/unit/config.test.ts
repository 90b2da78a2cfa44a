import { readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readConfig } from '../../src/config.ts';
import { ConfigError } from '../../src/environment.ts';
import { findFreePort } from '../../src/infra/embedded-mongo/launch.ts';
import { variables } from '../../src/variables.ts';
import { spawnServer } from '../support/server-process.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const SECRET = 'a-secret-nobody-may-see-of-32-bytes!';
const minimal = { JWT_SECRET_KEY: SECRET };
const id = '100000000000000001';
const discord = {
  DISCORD_BOT_TOKEN: 'a-token-nobody-may-see',
  GUILD_ID: id,
  TRANSCRIPT_CHANNEL_ID: id,
  GENERAL_TICKET_CATEGORY_ID: '1'.repeat(17),
  CRITICAL_TICKET_CATEGORY_ID: '2'.repeat(18),
  URGENT_TICKET_CATEGORY_ID: '3'.repeat(19),
  ADMIN_ROLE_ID: '4'.repeat(20),
  MANAGER_ROLE_ID: '5'.repeat(18),
  DEVELOPER_ROLE_ID: '6'.repeat(18),
  SUPPORT_TEAM_ROLE_ID: '7'.repeat(18),
};

function linesOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).lines;
  }
  return [];
}

const namesIn = (lines: readonly string[]) => lines.map((line) => line.split(':')[0]);

test('a secret alone makes a whole configuration with the documented defaults', () => {
  const config = readConfig(minimal);
  expect(config).toMatchObject({
    port: 5000,
    production: false,
    mongoUri: undefined,
    dbName: 'deskcord',
    roles: ['server', 'bot', 'worker'],
    discord: undefined,
    allowedOrigins: ['*'],
    customerMaySetLevel: false,
    rateLimitFactor: 1,
    jwt: { algorithms: ['HS256'], requireExpiry: false },
  });
  expect(Object.isFrozen(config)).toBe(true);
});

test('categories and roles are those of the contract', () => {
  expect(readConfig({ ...minimal, ...discord }).discord).toMatchObject({
    categories: {
      NORMAL: discord.GENERAL_TICKET_CATEGORY_ID,
      URGENT: discord.URGENT_TICKET_CATEGORY_ID,
      CRITICAL: discord.CRITICAL_TICKET_CATEGORY_ID,
    },
    roles: {
      GENERAL: discord.SUPPORT_TEAM_ROLE_ID,
      TECHNICAL: discord.DEVELOPER_ROLE_ID,
      MANAGER: discord.MANAGER_ROLE_ID,
      ADMIN: discord.ADMIN_ROLE_ID,
    },
  });
});

describe('what is wrong', () => {
  test("a role of the staff is not everybody's", () => {
    const env = { ...minimal, ...discord, SUPPORT_TEAM_ROLE_ID: id };
    expect(linesOf(env)).toEqual([expect.stringMatching(/^SUPPORT_TEAM_ROLE_ID: .*@everyone/)]);
  });

  test('posts in a nearly full server need a number below which it is that', () => {
    const all = { ...minimal, ...discord };
    expect(readConfig(all).discord?.whenNearlyFull).toBe('park');
    expect(readConfig({ ...all, WHEN_NEARLY_FULL: 'both' }).discord?.whenNearlyFull).toBe('both');
    expect(namesIn(linesOf({ ...all, WHEN_NEARLY_FULL: 'wait' }))).toEqual(['WHEN_NEARLY_FULL']);
    expect(linesOf({ ...all, WHEN_NEARLY_FULL: 'post', PARK_BELOW: '0' })).toEqual([
      expect.stringMatching(/^WHEN_NEARLY_FULL: .*PARK_BELOW is 0/),
    ]);
    expect(readConfig({ ...all, PARK_BELOW: '0' }).discord?.parking.below).toBe(0);
  });

  test('guilds are known before a rule names them, none twice, and the first is GUILD_ID', () => {
    const other = '8'.repeat(18);
    const all = { ...minimal, ...discord };
    const more = { ...all, MORE_GUILDS: other };
    const { GUILD_ID: _first, ...nameless } = more;
    expect(namesIn(linesOf(nameless))).toEqual(['GUILD_ID']);
    expect(linesOf({ ...all, MORE_GUILDS: `${other},${other}` })).toEqual([
      expect.stringMatching(/^MORE_GUILDS: .*is there twice/),
    ]);
    expect(namesIn(linesOf({ ...all, MORE_GUILDS: id }))).toEqual(['MORE_GUILDS']);
    expect(linesOf({ ...all, GUILD_ROUTES: `partner:acme=${other}` })).toEqual([
      `GUILD_ROUTES: rule 1 (partner:acme): ${other} is neither GUILD_ID nor one of MORE_GUILDS`,
    ]);
    const spaced = {
      ...more,
      GUILD_ROUTES: ` partner: acme = ${other} , category: billing =${other}`,
    };
    expect(readConfig(spaced).discord?.routes).toMatchObject([
      { by: 'partner', name: 'acme' },
      { by: 'category', name: 'BILLING' },
    ]);
    const GUILD_ROUTES = `partner:https://acme.example/a=b=${other}, category:late parcels=${id}+${other},*=${id}`;
    expect(readConfig({ ...more, GUILD_ROUTES }).discord).toMatchObject({
      moreGuildIds: [other],
      routes: [
        { by: 'partner', name: 'https://acme.example/a=b', guildIds: [other] },
        { by: 'category', name: 'LATE_PARCELS', guildIds: [id, other] },
        { by: 'any', name: '', guildIds: [id] },
      ],
    });
    const ten = Array.from({ length: 10 }, (_, n) => `${n}`.repeat(18));
    const wrong = {
      MORE_GUILDS: ['twelve', ten.join(',')],
      GUILD_ROUTES: [
        'acme',
        `acme=${id}`,
        `partner:=${id}`,
        `partner:acme=${id}+${id}`,
        `partner:acme=${id},partner:acme=${other}`,
        Array.from({ length: 101 }, (_, n) => `partner:p${n}=${id}`).join(','),
      ],
    };
    for (const [name, values] of Object.entries(wrong)) {
      for (const value of values) {
        expect(namesIn(linesOf({ ...more, [name]: value }))).toEqual([name]);
      }
    }
  });

  test('a rule of GUILD_ROUTES that is wrong is named by its number and its text', () => {
    const more = { ...minimal, ...discord, MORE_GUILDS: '8'.repeat(18) };
    const sound = `partner:acme=${id},,`;
    const wrong = [
      ['category BILLING=1', 'is not partner:NAME=ID, category:NAME=ID or *=ID'],
      ['category:BILLING=12', 'has "12" where an id of 17 to 20 digits stands'],
      [`*=${id}+${id}`, 'names a guild twice'],
      [`partner:acme=${id} + ${'8'.repeat(18)}`, 'is about the same as rule 1'],
    ];
    for (const [text, why] of wrong) {
      const lines = linesOf({ ...more, GUILD_ROUTES: `${sound} ${text}, *=${id}` });
      expect(lines).toEqual([expect.stringContaining(`(rule 2, ${JSON.stringify(text)}, ${why})`)]);
    }
    const many = Array.from({ length: 101 }, (_, n) => `partner:p${n}=${id}`).join(',');
    expect(linesOf({ ...more, GUILD_ROUTES: many })).toEqual([
      expect.stringContaining('(101 rules)'),
    ]);
    const strangers = `${sound}*=${'7'.repeat(18)},category:late parcels=${'9'.repeat(18)}`;
    expect(linesOf({ ...more, GUILD_ROUTES: strangers })).toEqual([
      expect.stringContaining(`rule 2 (*): ${'7'.repeat(18)} is neither`),
      expect.stringContaining(`rule 3 (category:LATE_PARCELS): ${'9'.repeat(18)} is neither`),
    ]);
  });

  test('comes all at once, one line each: name, what it got, what it wants, an example', () => {
    const lines = linesOf({
      WEB_SERVER_PORT: '70000',
      SERVER_MODE: 'production',
      DB_NAME: 'a b',
      MONGO_URI: 'http://nowhere',
      GUILD_ID: 'twelve',
      ROLES: 'server,cook',
      RATE_LIMIT_FACTOR: '0',
      ALLOWED_ORIGINS: 'example.com',
      LOG_LEVEL: 'loud',
      CUSTOMER_MAY_SET_LEVEL: 'yes',
    });
    expect(namesIn(lines).toSorted()).toEqual(
      [
        'WEB_SERVER_PORT',
        'SERVER_MODE',
        'DB_NAME',
        'MONGO_URI',
        'GUILD_ID',
        'JWT_SECRET_KEY',
        'ROLES',
        'RATE_LIMIT_FACTOR',
        'ALLOWED_ORIGINS',
        'LOG_LEVEL',
        'CUSTOMER_MAY_SET_LEVEL',
      ].toSorted(),
    );
    for (const line of lines) {
      expect(line).toMatch(/^[A-Z_]+: got .+; wants .+; for example .+$/);
      expect(line).not.toContain('\n');
    }
    expect(lines).toContain(
      'WEB_SERVER_PORT: got "70000"; wants a port, 0 to 65535; for example 5000',
    );
    expect(lines.find((line) => line.startsWith('JWT_SECRET_KEY'))).toContain('got nothing');
  });

  test.each(Object.keys(variables))('%s left as a <placeholder> is noticed', (name) => {
    const lines = linesOf({ ...minimal, [name]: '<to_be_replaced>' });
    expect(namesIn(lines)).toEqual([name]);
    expect(lines[0]).toContain('(still the placeholder)');
  });

  test('an address of pictures that is none is refused in one clear line', () => {
    const wrong = 'http://partner.example/{id}.png';
    expect(linesOf({ ...minimal, PERSONA_AVATAR_URL: wrong })).toEqual([
      `PERSONA_AVATAR_URL: got "${wrong}" (it does not begin with https://); wants with DISCORD_PERSONA=webhook, the https address of a customer's picture, in which {id} stands for their id; for example https://partner.example/avatars/{id}.png`,
    ]);
    const right = { ...minimal, ...discord, PERSONA_AVATAR_URL: wrong.replace('http:', 'https:') };
    expect(readConfig(right).discord?.personaAvatarUrl).toBe('https://partner.example/{id}.png');
    const told = expect.stringMatching(
      /^PERSONA_AVATAR_URL is set, .* DISCORD_PERSONA is not webhook/,
    );
    expect(readConfig(right).notices).toContainEqual(told);
    expect(readConfig({ ...right, DISCORD_PERSONA: 'webhook' }).notices).not.toContainEqual(told);
    expect(readConfig({ ...minimal, ...discord }).discord?.personaAvatarUrl).toBeUndefined();
  });

  test('a value of several lines stays on one', () => {
    const lines = linesOf({ ...minimal, GUILD_ID: 'one\ntwo\r\nthree' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/[\r\n]/);
  });

  test('a secret is never shown', () => {
    const secrets = {
      MONGO_URI: 'mongo://root:hunter2@db',
      DISCORD_BOT_TOKEN: 'hunter2 token',
      JWT_SECRET_KEY: '<hunter2hunter2>',
      JWT_SECRET_KEY_PREVIOUS: 'hunter2',
      REDIS_URL: 'http://:hunter2@redis',
      ERROR_WEBHOOK_URL: 'ftp://hunter2',
      ERROR_BOT_WEBHOOK_URL: 'hunter2',
    };
    const lines = linesOf(secrets);
    expect(namesIn(lines).toSorted()).toEqual(Object.keys(secrets).toSorted());
    expect(lines.join('\n')).not.toContain('hunter2');
  });

  test.each([
    ['WEB_SERVER_PORT', ['-1', '1.5', 'abc', '5000x', '65536']],
    ['MAX_CONNECTIONS', ['0', '-5', 'many']],
    ['MAX_SOCKET_BUFFER_BYTES', ['1']],
    ['WRITE_DEADLINE_MS', ['-1', 'soon']],
    ['SHUTDOWN_DELAY_MS', ['-1', '300001']],
    ['PUBLIC_URL', ['support.example.com', 'ftp://x']],
    ['REDIS_URL', ['127.0.0.1:6379', 'http://x']],
    ['JWT_ALGORITHMS', ['none', 'RS256', 'HS256,none', ',']],
    ['ALLOWED_ORIGINS', ['https://a.example/path', 'https://a*b.example', '*,x']],
    ['ROLES', [',', 'all']],
  ])('%s refuses %j', (name, values) => {
    for (const value of values)
      expect(namesIn(linesOf({ ...minimal, [name]: value }))).toEqual([name]);
  });

  test('white space around a value and an empty value are nothing', () => {
    expect(
      readConfig({ ...minimal, SERVER_MODE: ' DEVELOPMENT ', GUILD_ID: '', DB_NAME: ' ' }),
    ).toMatchObject({
      production: false,
      dbName: 'deskcord',
    });
  });
});

describe('rules over several variables', () => {
  test('hours of silence are for all levels, or by level; nothing is closed without a word before', () => {
    const idle = (env: Record<string, string>) =>
      readConfig({ JWT_SECRET_KEY: 'a-secret-of-some-length', ...env }).idle.levels;
    const hour = 3_600_000;
    const both = { warnMs: 2 * hour, closeMs: hour / 2 };
    expect(idle({})).toEqual({});
    expect(idle({ IDLE_WARNING_HOURS: '2', IDLE_CLOSE_HOURS: '0.5' })).toEqual({
      NORMAL: both,
      URGENT: both,
      CRITICAL: both,
    });
    expect(idle({ IDLE_WARNING_HOURS: ' URGENT=2, CRITICAL=1' })).toEqual({
      URGENT: { warnMs: 2 * hour, closeMs: undefined },
      CRITICAL: { warnMs: hour, closeMs: undefined },
    });
    for (const wrong of ['0', '-1', '9000', 'soon', 'LOW=1', 'URGENT=1,URGENT=2', 'URGENT=']) {
      expect(() => idle({ IDLE_WARNING_HOURS: wrong })).toThrow(/IDLE_WARNING_HOURS: got/);
    }
    expect(() => idle({ IDLE_WARNING_HOURS: 'URGENT=1', IDLE_CLOSE_HOURS: '2' })).toThrow(
      'IDLE_CLOSE_HOURS: NORMAL, CRITICAL has no IDLE_WARNING_HOURS',
    );
  });

  test('a bot token is enough: the ids that are not set are for /setup', () => {
    const { DISCORD_BOT_TOKEN } = discord;
    const one = { MANAGER_ROLE_ID: discord.MANAGER_ROLE_ID };
    expect(readConfig({ ...minimal, DISCORD_BOT_TOKEN, ...one }).discord).toMatchObject({
      token: DISCORD_BOT_TOKEN,
      guildId: undefined,
      transcriptChannelId: undefined,
      categories: { NORMAL: undefined, URGENT: undefined, CRITICAL: undefined },
      roles: { GENERAL: undefined, MANAGER: discord.MANAGER_ROLE_ID },
    });
    expect(
      linesOf({
        ...minimal,
        DISCORD_BOT_TOKEN: 'x'.repeat(20),
        ROLES: 'server',
        REDIS_URL: 'redis://x',
      }),
    ).toEqual([]);
  });

  test.each(['server', 'bot'])('ROLES=%s alone needs Redis', (ROLES) => {
    expect(namesIn(linesOf({ ...minimal, ROLES }))).toEqual(['REDIS_URL']);
    expect(linesOf({ ...minimal, ROLES, REDIS_URL: 'redis://127.0.0.1' })).toEqual([]);
    expect(linesOf({ ...minimal, ROLES: 'bot, server' })).toEqual([]);
  });

  test('PRODUCTION needs MONGO_URI and a secret of 32 bytes, and allows no origin by default', () => {
    const production = { SERVER_MODE: 'PRODUCTION', JWT_SECRET_KEY: 'only-short' };
    expect(namesIn(linesOf(production)).toSorted()).toEqual(['JWT_SECRET_KEY', 'MONGO_URI']);
    const former = { ...production, JWT_SECRET_KEY: SECRET, JWT_SECRET_KEY_PREVIOUS: 'only-short' };
    expect(namesIn(linesOf(former)).toSorted()).toEqual(['JWT_SECRET_KEY_PREVIOUS', 'MONGO_URI']);
    const good = {
      ...production,
      JWT_SECRET_KEY: SECRET,
      MONGO_URI: 'mongodb://db/?replicaSet=rs0',
    };
    expect(readConfig(good)).toMatchObject({
      production: true,
      allowedOrigins: [],
      jwt: { requireExpiry: true },
    });
  });
});

describe('NAME_FILE', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await makeTempDir('config');
    await writeFile(join(directory, 'secret'), `${SECRET}\n`);
    await writeFile(join(directory, 'empty'), '\n');
    await mkdir(join(directory, 'folder'));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test('holds the secret, without the line end', () => {
    const config = readConfig({ JWT_SECRET_KEY_FILE: join(directory, 'secret') });
    expect(config.jwt.keys[0]?.export().toString()).toBe(SECRET);
  });

  test('works for every secret and for nothing else', () => {
    for (const [name, variable] of Object.entries(variables)) {
      const env = { ...minimal, [`${name}_FILE`]: join(directory, 'missing') };
      if (name === 'JWT_SECRET_KEY') delete (env as Partial<typeof minimal>).JWT_SECRET_KEY;
      const named = linesOf(env).some((line) => line.startsWith(`${name}_FILE:`));
      expect({ name, named }).toEqual({ name, named: 'secret' in variable });
    }
  });

  test.each([
    ['missing', 'ENOENT'],
    ['folder', 'EISDIR'],
  ])('that cannot be read (%s) says why', (file, why) => {
    const lines = linesOf({ JWT_SECRET_KEY_FILE: join(directory, file) });
    expect(lines.find((line) => line.startsWith('JWT_SECRET_KEY_FILE'))).toContain(why);
  });

  test('beside NAME is a contradiction', () => {
    const lines = linesOf({ ...minimal, JWT_SECRET_KEY_FILE: join(directory, 'secret') });
    expect(namesIn(lines)).toEqual(['JWT_SECRET_KEY_FILE']);
    expect(lines.join()).not.toContain(SECRET);
  });

  test('that is empty counts as unset', () => {
    expect(namesIn(linesOf({ JWT_SECRET_KEY_FILE: join(directory, 'empty') }))).toEqual([
      'JWT_SECRET_KEY',
    ]);
  });
});

describe('a process with a wrong configuration', () => {
  test('says all of it and exits with 2 before it opens a port', async () => {
    const port = await findFreePort();
    // Whoever holds the port shows that the process never tried to have it.
    const held = createServer().listen(port, '127.0.0.1');
    const server = spawnServer({
      WEB_SERVER_PORT: String(port),
      SERVER_MODE: 'PROD',
      GUILD_ID: 'x',
      JWT_SECRET_KEY: undefined,
    });
    expect(await server.exited).toBe(2);
    expect(server.output()).toContain('Deskcord does not start: the configuration is wrong:');
    for (const name of ['SERVER_MODE', 'GUILD_ID', 'JWT_SECRET_KEY']) {
      expect(server.output()).toMatch(new RegExp(`^ {2}${name}: got `, 'm'));
    }
    expect(server.output()).not.toMatch(/EADDRINUSE|\n\s+at /);
    await new Promise((resolve) => held.close(resolve));
  });
});

describe('.env.example', () => {
  const text = readFileSync(join(import.meta.dirname, '../../.env.example'), 'utf8');
  const lines = text.split('\n');
  const assignment = /^(# )?([A-Z][A-Z0-9_]*)=(.*)$/;
  const entries = lines.flatMap((line) => {
    const match = assignment.exec(line);
    return match
      ? [{ commented: Boolean(match[1]), name: match[2] as string, value: match[3] as string }]
      : [];
  });
  const ofADeployment = {
    WEB_SERVER_PORT: '5000',
    SERVER_MODE: 'DEVELOPMENT',
    MONGO_URI: '<uri_of_db>',
    DB_NAME: '<support_ticket_db>',
    DISCORD_BOT_TOKEN: '<token_of_bot>',
    GUILD_ID: '<id_of_guild>',
    TRANSCRIPT_CHANNEL_ID: '<id_of_channel>',
    GENERAL_TICKET_CATEGORY_ID: '<id_of_category>',
    CRITICAL_TICKET_CATEGORY_ID: '<id_of_category>',
    URGENT_TICKET_CATEGORY_ID: '<id_of_category>',
    ADMIN_ROLE_ID: '<id_of_role>',
    MANAGER_ROLE_ID: '<id_of_role>',
    DEVELOPER_ROLE_ID: '<id_of_role>',
    SUPPORT_TEAM_ROLE_ID: '<id_of_role>',
    JWT_SECRET_KEY: '<super_secret_key>',
    ERROR_WEBHOOK_URL: '<discord_channel_webhook_url>',
    ERROR_BOT_WEBHOOK_URL: '<discord_channel_webhook_url>',
  };

  test('holds exactly the variables of the schema, in its order', () => {
    expect(entries.map(({ name }) => name)).toEqual(Object.keys(variables));
  });

  test('begins with what a deployment sets, uncommented; the rest is commented', () => {
    const uncommented = entries.filter(({ commented }) => !commented);
    expect(Object.fromEntries(uncommented.map(({ name, value }) => [name, value]))).toEqual(
      ofADeployment,
    );
  });

  test('every value parses or is a <placeholder>', () => {
    for (const { name, value } of entries) {
      if (/^<[a-z_]+>$/.test(value)) continue;
      const { schema } = variables[name as keyof typeof variables];
      expect({ name, ok: schema.safeParse(value).success }).toEqual({ name, ok: true });
    }
  });

  test('commented values of what has a default are the default', () => {
    const config = readConfig(minimal);
    const all = Object.fromEntries(
      entries
        .filter(
          ({ commented, name }) =>
            commented &&
            variables[name as keyof typeof variables].schema.safeParse(undefined).data !==
              undefined,
        )
        .map(({ name, value }) => [name, value]),
    );
    expect(Object.keys(all).length).toBeGreaterThan(10);
    expect({ ...readConfig({ ...minimal, ...all }), jwt: undefined }).toEqual({
      ...config,
      jwt: undefined,
    });
  });

  test('every variable, or group of them, has a line of explanation above it', () => {
    for (const [index, line] of lines.entries()) {
      if (!assignment.test(line)) continue;
      let above = index - 1;
      while (assignment.test(lines[above] ?? '')) above--;
      expect(lines[above]).toMatch(/^# \S.*\.$/);
    }
  });

  test('with every placeholder replaced it makes a configuration', () => {
    const env = Object.fromEntries(
      entries.filter(({ commented }) => !commented).map(({ name, value }) => [name, value]),
    );
    const replaced = {
      ...env,
      ...discord,
      MONGO_URI: 'mongodb://127.0.0.1/?replicaSet=rs0',
      DB_NAME: 'support',
      JWT_SECRET_KEY: SECRET,
      ERROR_WEBHOOK_URL: 'https://discord.com/api/webhooks/1/a',
      ERROR_BOT_WEBHOOK_URL: 'https://discord.com/api/webhooks/2/b',
    };
    expect(linesOf(replaced)).toEqual([]);
  });
});
