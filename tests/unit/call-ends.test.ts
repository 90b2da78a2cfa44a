import { expect, test } from '@jest/globals';
import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import { type CallKind, endOf } from '../../bot/rest/call-ends.ts';

function apiError(status: number, code = 0, errors?: object): DiscordAPIError {
  const raw = { code, message: 'no', ...(errors && { errors }) };
  return new DiscordAPIError(raw as never, code, status, 'POST', 'x', {});
}

test.each<[string, CallKind, number, number, object | undefined, object]>([
  ['an unknown channel', 'post_message', 404, 10003, undefined, { end: 'gone', what: 'channel' }],
  ['a plain 404 of a channel', 'read_channel', 404, 0, undefined, { end: 'gone', what: 'channel' }],
  [
    'a plain 404 of a removal',
    'delete_channel',
    404,
    0,
    undefined,
    { end: 'gone', what: 'channel' },
  ],
  ['an unknown message', 'edit_message', 404, 10008, undefined, { end: 'gone', what: 'message' }],
  [
    'a plain 404 of a message',
    'delete_message',
    404,
    0,
    undefined,
    { end: 'gone', what: 'message' },
  ],
  ['a harmful link', 'edit_message', 400, 240000, undefined, { end: 'refused', cause: 'content' }],
  ['AutoMod', 'post_message', 400, 200000, undefined, { end: 'refused', cause: 'content' }],
  [
    'AutoMod with 403',
    'post_message',
    403,
    200000,
    undefined,
    { end: 'refused', cause: 'content' },
  ],
  ['a file too large', 'post_message', 413, 40005, undefined, { end: 'refused', cause: 'files' }],
  ['a permission', 'post_message', 403, 50013, undefined, { end: 'refused', cause: 'permission' }],
  [
    'a link in a topic',
    'create_channel',
    400,
    240000,
    undefined,
    { end: 'refused', cause: 'name' },
  ],
  ['a name', 'create_channel', 400, 50035, { name: {} }, { end: 'refused', cause: 'name' }],
  [
    'a category',
    'change_channel',
    400,
    50035,
    { parent_id: {} },
    { end: 'refused', cause: 'category' },
  ],
  [
    'an overwrite',
    'create_channel',
    400,
    50035,
    { permission_overwrites: {} },
    { end: 'refused', cause: 'overwrites' },
  ],
  [
    'an unknown role',
    'create_channel',
    404,
    10011,
    undefined,
    { end: 'refused', cause: 'overwrites' },
  ],
  [
    'a full server',
    'create_channel',
    400,
    30013,
    undefined,
    { end: 'refused', cause: 'guild_full' },
  ],
  ['too many pins', 'pin_message', 400, 30003, undefined, { end: 'refused', cause: 'limit' }],
  ['a pause', 'post_message', 429, 0, undefined, { end: 'later' }],
  ['a time-out', 'post_message', 408, 0, undefined, { end: 'later' }],
  ['an outage', 'post_message', 502, 0, undefined, { end: 'later' }],
  ['something unheard of', 'react', 418, 1, undefined, { end: 'refused', cause: 'other' }],
])('%s ends a call as the table says', (_name, kind, status, code, errors, wanted) => {
  expect(endOf(kind, apiError(status, code, errors))).toEqual(wanted);
});

test('what is not an answer of Discord has no end here', () => {
  expect(endOf('post_message', new Error('a bug'))).toBeUndefined();
  expect(endOf('post_message', apiError(401))).toBeUndefined();
});

test('outages and pauses that discord.js throws are transient', () => {
  expect(endOf('react', new HTTPError(503, 'x', 'GET', 'x', {}))).toEqual({ end: 'later' });
  const paused = new RateLimitError({ timeToReset: 5000, retryAfter: 5000 } as never);
  expect(endOf('react', paused)).toEqual({ end: 'later' });
});
