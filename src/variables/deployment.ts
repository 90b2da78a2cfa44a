import { z } from 'zod';
import { mongoUriProblem } from '../infra/mongo-uri.ts';
import { httpUrl, jwtSecret, type Variable } from './kinds.ts';

const port = z.coerce.number().int().min(0).max(65535);
const snowflake = z.string().regex(/^\d{17,20}$/);

const discordId = (example: string) => ({
  schema: snowflake.optional(),
  wants: 'a Discord id of 17 to 20 digits',
  example,
});

/** Where a process is reached, and what it needs beside it: the database, Discord, the secret of the tokens. */
export const deploymentVariables = {
  WEB_SERVER_PORT: { schema: port.default(5000), wants: 'a port, 0 to 65535', example: '5000' },
  SERVER_MODE: {
    schema: z.enum(['DEVELOPMENT', 'PRODUCTION']).optional(),
    wants: 'DEVELOPMENT or PRODUCTION',
    example: 'DEVELOPMENT',
  },
  MONGO_URI: {
    schema: z
      .string()
      .regex(/^mongodb(\+srv)?:\/\/./)
      .optional(),
    wants: 'a MongoDB address of a replica set',
    example: 'mongodb://127.0.0.1:27017/?replicaSet=rs0',
    secret: true,
    problem: mongoUriProblem,
  },
  DB_NAME: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,60}$/)
      .default('deskcord'),
    wants: '1 to 60 letters, digits, - and _',
    example: 'deskcord',
  },
  DISCORD_BOT_TOKEN: {
    schema: z
      .string()
      .regex(/^[^\s<>]{10,}$/)
      .optional(),
    wants: 'the token of the bot',
    example: 'MTA…',
    secret: true,
  },
  GUILD_ID: discordId('100000000000000001'),
  TRANSCRIPT_CHANNEL_ID: discordId('100000000000000002'),
  GENERAL_TICKET_CATEGORY_ID: discordId('100000000000000003'),
  CRITICAL_TICKET_CATEGORY_ID: discordId('100000000000000004'),
  URGENT_TICKET_CATEGORY_ID: discordId('100000000000000005'),
  ADMIN_ROLE_ID: discordId('100000000000000006'),
  MANAGER_ROLE_ID: discordId('100000000000000007'),
  DEVELOPER_ROLE_ID: discordId('100000000000000008'),
  SUPPORT_TEAM_ROLE_ID: discordId('100000000000000009'),
  JWT_SECRET_KEY: {
    schema: jwtSecret,
    wants:
      'the secret shared with the backend that mints the tokens, of at least 8 characters (32 bytes in PRODUCTION)',
    example: 'the output of: openssl rand -hex 32',
    secret: true,
  },
  ERROR_WEBHOOK_URL: {
    schema: httpUrl.optional(),
    wants: 'an http(s) address of a Discord webhook',
    example: 'https://discord.com/api/webhooks/1/abc',
    secret: true,
  },
  ERROR_BOT_WEBHOOK_URL: {
    schema: httpUrl.optional(),
    wants: 'an http(s) address of a Discord webhook',
    example: 'https://discord.com/api/webhooks/2/def',
    secret: true,
  },
} satisfies Record<string, Variable>;
