import { parseArgs } from 'node:util';
import jwt from 'jsonwebtoken';
import { loadEnvironment, readVariable } from './config.ts';
import { tokenClaims, userRoles } from './contract/identity.ts';

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

const { role, id = '1', username = 'Ana', email = `${id}@example.com`, expires } = readArguments();
const env = loadEnvironment();
const problems: string[] = [];
const secret = readVariable(env, 'JWT_SECRET_KEY', problems);
const [problem] = problems;
if (problem) fail(problem);
if (!secret) fail('JWT_SECRET_KEY is not set, neither in the environment nor in .env');
const claims = tokenClaims.safeParse({ id, username, email, role });
if (!claims.success) {
  const [issue] = claims.error.issues;
  fail(`${issue?.path.join('.')}: ${issue?.message}`);
}
const [algorithm = 'HS256'] = (env.JWT_ALGORITHMS ?? '').split(',').filter(Boolean);
const options: jwt.SignOptions = {
  algorithm: algorithm as jwt.Algorithm,
  expiresIn: expires as NonNullable<jwt.SignOptions['expiresIn']>,
};
if (env.JWT_ISSUER) options.issuer = env.JWT_ISSUER;
if (env.JWT_AUDIENCE) options.audience = env.JWT_AUDIENCE;
console.log(jwt.sign(claims.data, secret, options));
