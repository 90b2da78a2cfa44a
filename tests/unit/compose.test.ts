import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../src/config.ts';
import { type VariableName, variables } from '../../src/variables.ts';

const text = readFileSync(new URL('../../compose.yaml', import.meta.url), 'utf8');

/** What no deployment of this form can use: the port inside is the image's, MongoDB is not embedded. */
const notForwarded: VariableName[] = ['WEB_SERVER_PORT', 'HOST', 'DATA_DIR', 'MONGOD_PATH'];
/** What the file itself decides. */
const fixed: VariableName[] = ['SERVER_MODE', 'MONGO_URI', 'REDIS_URL', 'ROLES'];

/** `NAME: value` lines between two headings. */
function environmentOf(start: string, end: string): Record<string, string> {
  const part = text.slice(text.indexOf(start), text.indexOf(end));
  return Object.fromEntries(
    [...part.matchAll(/^ +([A-Z_]+): (.+)$/gm)].map(([, name, value]) => [name, value]),
  );
}

const common = environmentOf('\nx-environment:', '\nservices:');
const server = { ...common, ...environmentOf('\n  server:\n', '\n  bot:\n') };
const bot = { ...common, ...environmentOf('\n  bot:\n', '\n  mongo:\n') };

/** As docker compose fills them in. */
function fill(values: Record<string, string>, given: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value.replace(/\$\{(\w+)(?::[-?]([^}]*))?\}/g, (_all, from, other) => given[from] || other),
    ]),
  );
}

const given = { JWT_SECRET_KEY: 'j'.repeat(64), MONGO_PASSWORD: 'm1', REDIS_PASSWORD: 'r1' };

describe('compose.yaml', () => {
  test('hands on every variable there is, under its own name', () => {
    const handedOn = new Set([...Object.keys(server), ...Object.keys(bot), ...notForwarded]);
    expect([...handedOn].toSorted()).toEqual(Object.keys(variables).toSorted());
    for (const [name, value] of Object.entries({ ...server, ...bot })) {
      if (fixed.includes(name as VariableName)) continue;
      expect(value).toMatch(new RegExp(`^\\$\\{${name}(:[-?][^}]*)?\\}$`));
    }
  });

  test('with its secrets alone makes a whole configuration of each role, with passwords', () => {
    const config = readConfig(fill(server, given));
    expect(config).toMatchObject({
      production: true,
      roles: ['server'],
      mongoUri: 'mongodb://deskcord:m1@mongo:27017/?replicaSet=rs0&authSource=admin',
      redisUrl: 'redis://:r1@redis:6379',
      shutdownDelayMs: 3000,
      dbName: 'deskcord',
    });
    expect(readConfig(fill(bot, given)).roles).toEqual(['bot', 'worker']);
  });

  test('what is set reaches the processes', () => {
    const config = readConfig(
      fill(server, { ...given, JWT_ISSUER: 'https://shop.example.com', MAX_CONNECTIONS: '7' }),
    );
    expect(config).toMatchObject({
      maxConnections: 7,
      jwt: { issuer: 'https://shop.example.com' },
    });
  });

  test('asks for no variable that nothing explains', () => {
    const names = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name as string);
    const known = [...Object.keys(variables), 'MONGO_PASSWORD', 'REDIS_PASSWORD'];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });
});
