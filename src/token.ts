import { parseArgs } from 'node:util';
import jwt from 'jsonwebtoken';
import { loadEnvironment } from './config.ts';
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
const { JWT_SECRET_KEY, JWT_ISSUER, JWT_AUDIENCE } = loadEnvironment();
if (!JWT_SECRET_KEY) fail('JWT_SECRET_KEY is not set, neither in the environment nor in .env');
const claims = tokenClaims.safeParse({ id, username, email, role });
if (!claims.success) {
  const [issue] = claims.error.issues;
  fail(`${issue?.path.join('.')}: ${issue?.message}`);
}
const options: jwt.SignOptions = {
  expiresIn: expires as NonNullable<jwt.SignOptions['expiresIn']>,
};
if (JWT_ISSUER) options.issuer = JWT_ISSUER;
if (JWT_AUDIENCE) options.audience = JWT_AUDIENCE;
console.log(jwt.sign(claims.data, JWT_SECRET_KEY, options));
