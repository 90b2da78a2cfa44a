import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readConfig } from '../../src/config.ts';
import { type VariableName, variables } from '../../src/variables.ts';

const text = readFileSync(new URL('../../compose.yaml', import.meta.url), 'utf8');

interface Service {
  image: string;
  user?: string;
  read_only?: boolean;
  privileged?: boolean;
  tmpfs?: string[];
  cap_drop?: string[];
  cap_add?: string[];
  security_opt?: string[];
  mem_limit?: string;
  pids_limit?: number;
  environment: Record<string, string>;
  entrypoint?: string[];
  command?: string[];
  healthcheck?: { test: string[] };
  networks: string[];
  ports?: string[];
}

const { services, networks } = parse(text, { merge: true }) as {
  services: Record<'server' | 'bot' | 'mongo' | 'redis', Service>;
  networks: Record<string, { internal?: boolean } | null>;
};
const { server, bot, mongo, redis } = services;

/** What no deployment of this form can use: the port inside is the image's, MongoDB is not embedded. */
const notForwarded: VariableName[] = ['WEB_SERVER_PORT', 'DATA_DIR', 'MONGOD_PATH'];
/** What the file itself decides. */
const fixed: VariableName[] = ['SERVER_MODE', 'HOST', 'MONGO_URI', 'REDIS_URL', 'ROLES'];
/** What is the deployment's own, and not read by Deskcord. */
const ownOfDeployment = [
  'MONGO_PASSWORD',
  'MONGO_ROOT_PASSWORD',
  'REDIS_PASSWORD',
  'PUBLISH_ADDRESS',
];

/** As docker compose fills them in. */
function fill(values: Record<string, string>, given: Record<string, string>) {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value.replace(/\$\{(\w+)(?::[-?]([^}]*))?\}/g, (_all, from, other) => given[from] || other),
    ]),
  );
}

const given = {
  JWT_SECRET_KEY: '7c1d9be04fa8562399ad41e8c35b7f60b8',
  MONGO_PASSWORD: 'm1',
  MONGO_ROOT_PASSWORD: 'm2',
  REDIS_PASSWORD: 'r1',
};

describe('the variables', () => {
  const handedOn = { ...server.environment, ...bot.environment };

  test('all reach a process under their own name, but for those of the embedded MongoDB', () => {
    expect([...Object.keys(handedOn), ...notForwarded].toSorted()).toEqual(
      Object.keys(variables).toSorted(),
    );
    for (const [name, value] of Object.entries(handedOn)) {
      if (fixed.includes(name as VariableName)) continue;
      expect(value).toMatch(new RegExp(`^\\$\\{${name}(:[-?][^}]*)?\\}$`));
    }
  });

  test('that the file decides are the ones the guide names', () => {
    const guide = readFileSync(new URL('../../docs/OPERATIONS.md', import.meta.url), 'utf8');
    const [, said = ''] = /decides itself:([^.]*)\./.exec(guide) ?? [];
    const named = [...said.matchAll(/`([A-Z_]+)`/g)].map(([, name]) => name as string);
    expect(named.toSorted()).toEqual([...fixed, 'DATA_DIR', 'MONGOD_PATH'].toSorted());
  });

  test('with its secrets alone make a whole configuration of each role, with passwords', () => {
    const config = readConfig(fill(server.environment, given));
    expect(config).toMatchObject({
      production: true,
      host: '0.0.0.0',
      roles: ['server'],
      mongoUri: 'mongodb://deskcord:m1@mongo:27017/?replicaSet=rs0&authSource=admin',
      redisUrl: 'redis://:r1@redis:6379',
      shutdownDelayMs: 3000,
      dbName: 'deskcord',
      notices: [],
    });
    expect(readConfig(fill(bot.environment, given)).roles).toEqual(['bot', 'worker']);
  });

  test('that are set reach the processes', () => {
    const env = { ...given, JWT_ISSUER: 'https://shop.example.com', MAX_CONNECTIONS: '7' };
    expect(readConfig(fill(server.environment, env))).toMatchObject({
      maxConnections: 7,
      jwt: { issuer: 'https://shop.example.com' },
    });
  });

  test('that are asked for are all explained', () => {
    const names = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name as string);
    const known = [...Object.keys(variables), ...ownOfDeployment];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe('least privilege', () => {
  test.each(Object.entries(services))('%s is confined and bounded', (_name, service) => {
    expect(service).toMatchObject({
      read_only: true,
      tmpfs: ['/tmp'],
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      mem_limit: expect.stringMatching(/^\d+[mg]$/),
      pids_limit: expect.any(Number),
    });
    expect(service).not.toHaveProperty('cap_add');
    expect(service).not.toHaveProperty('privileged');
  });

  test('the databases do not run as root, have a version, no port, and no way out', () => {
    for (const [name, service] of Object.entries({ mongo, redis })) {
      expect(service.user).toMatch(/^(mongodb|redis)$/);
      expect(service.image).toMatch(/^\w+:\d+\.\d+/);
      expect(service).not.toHaveProperty('ports');
      expect(service.networks).toEqual([name]);
      expect(networks[name]).toEqual({ internal: true });
    }
  });

  test('the server and the bot meet in the databases only', () => {
    const shared = server.networks.filter((name) => bot.networks.includes(name));
    expect(shared.toSorted()).toEqual(['mongo', 'redis']);
  });

  test('the port is open on this machine only, unless somebody says otherwise', () => {
    expect(server.ports?.map((port) => fill({ port }, {}).port)).toEqual(['127.0.0.1:5000:5000']);
    expect(bot).not.toHaveProperty('ports');
  });

  test('no secret is in a command line', () => {
    for (const { command = [], entrypoint = [], healthcheck } of Object.values(services)) {
      const words = [...entrypoint, ...command, ...(healthcheck?.test ?? [])].join(' ');
      // `$$` is the shell's own, inside the container.
      expect(words.replaceAll('$$', '')).not.toMatch(/\$\{?\w*(PASSWORD|SECRET|TOKEN)/);
    }
  });

  test('what runs Deskcord has no password of root', () => {
    for (const { environment } of [server, bot]) {
      expect(JSON.stringify(environment)).not.toContain('ROOT');
    }
  });
});
