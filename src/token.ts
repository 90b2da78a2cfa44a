import { parseArgs } from 'node:util';
import jwt from 'jsonwebtoken';

import { tokenClaims, userRoles } from './contract/identity.ts';
import { ConfigError, loadEnvironment, readVariable } from './environment.ts';
import { variables } from './variables.ts';

const usage = `npm run token -- --role ${userRoles.join('|')} --id ID --username NAME [--email ADDRESS] [--expires 12h]

Mints a token with JWT_SECRET_KEY, for trying things out. In production your own backend does this.`;

function fail(message: string): never {
  console.error(`${message}\n\n${usage}`);
  process.exit(2);
}

function readArguments() {
  try {
    return parseArgs({
      options: {
        role: { type: 'string', default: 'TEMP_USER' },
        id: { type: 'string' },
        username: { type: 'string' },
        email: { type: 'string' },
        expires: { type: 'string', default: '12h' },
      },
    }).values;
  } catch (error) {
    fail((error as Error).message);
  }
}

const unitSeconds: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Seconds of a time such as 90s, 15m, 12h or 7d. */
function readTime(text: string): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const seconds = Number(count) * (unitSeconds[unit] ?? 0);
  if (!(seconds > 0))
    fail(`--expires: got ${JSON.stringify(text)}; wants a time such as 90s, 15m, 12h or 7d`);
  return seconds;
}

function readEnvironment(): NodeJS.ProcessEnv {
  try {
    return loadEnvironment();
  } catch (error) {
    if (error instanceof ConfigError) fail(error.message);
    throw error;
  }
}

/** The first algorithm of `JWT_ALGORITHMS`, as the server reads it. */
function readAlgorithm(env: NodeJS.ProcessEnv): jwt.Algorithm {
  const parsed = variables.JWT_ALGORITHMS.schema.safeParse(env.JWT_ALGORITHMS?.trim() || undefined);
  const [algorithm] = parsed.data ?? [];
  if (!algorithm) fail(`JWT_ALGORITHMS: wants ${variables.JWT_ALGORITHMS.wants}`);
  return algorithm;
}

const { role, id = '1', username = 'Ana', email = `${id}@example.com`, expires } = readArguments();
const expiresIn = readTime(expires);
const env = readEnvironment();
const problems: string[] = [];
const secret = readVariable(env, 'JWT_SECRET_KEY', problems);
const [problem] = problems;
if (problem) fail(problem);
if (!secret) fail('JWT_SECRET_KEY is not set, neither in the environment nor in .env');
if (/^<.*>$/.test(secret)) fail('JWT_SECRET_KEY is still the placeholder of .env.example');
const claims = tokenClaims.safeParse({ id, username, email, role });
if (!claims.success) {
  const [issue] = claims.error.issues;
  fail(`${issue?.path.join('.')}: ${issue?.message}`);
}
const options: jwt.SignOptions = { algorithm: readAlgorithm(env), expiresIn };
if (env.JWT_ISSUER) options.issuer = env.JWT_ISSUER;
if (env.JWT_AUDIENCE) options.audience = env.JWT_AUDIENCE;
console.log(jwt.sign(claims.data, secret, options));
