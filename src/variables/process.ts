import { z } from 'zod';
import { httpUrl, list, type Variable } from './kinds.ts';

export const roleNames = ['server', 'bot', 'worker'] as const;

/** What one process does, how others reach it, and where it keeps its files. */
export const processVariables = {
  ROLES: {
    schema: list.pipe(z.array(z.enum(roleNames)).min(1)).default([...roleNames]),
    wants: 'server, bot and worker, or some of them, separated by commas',
    example: 'server,bot,worker',
  },
  REDIS_URL: {
    schema: z.url({ protocol: /^rediss?$/ }).optional(),
    wants: 'an address of Redis 7 or newer, needed as soon as there is more than one process',
    example: 'redis://127.0.0.1:6379',
    secret: true,
  },
  HOST: {
    schema: z.string().min(1).optional(),
    wants: 'an address of this machine to listen on',
    example: '0.0.0.0',
  },
  PUBLIC_URL: {
    schema: httpUrl.optional(),
    wants: 'the http(s) address browsers reach this server at; links to files start with it',
    example: 'https://support.example.com',
  },
  ALLOWED_ORIGINS: {
    schema: list.pipe(z.array(z.string().regex(/^(\*|https?:\/\/(\*\.)?[^/*\s]+)$/))).optional(),
    wants: 'origins separated by commas, such as https://*.example.com; * for all',
    example: 'https://www.example.com,https://*.example.org',
  },
  DATA_DIR: {
    schema: z.string().min(1).default('./data'),
    wants: 'a directory',
    example: './data',
  },
  MONGOD_PATH: {
    schema: z.string().min(1).optional(),
    wants: 'the path of a mongod',
    example: '/usr/bin/mongod',
  },
} satisfies Record<string, Variable>;
