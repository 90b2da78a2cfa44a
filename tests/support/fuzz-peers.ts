import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { mintToken } from './people.ts';
import { seededRandom } from './random.ts';
import { openPeer, type RawPeer, rawRequest, upgradeHeaders } from './raw-peer.ts';

export interface FuzzOptions {
  url: string;
  /** A ticket, and the token of somebody who may write in it. */
  ticketId: string;
  token: string;
  redis: { url: string; channel: string } | undefined;
  seed: number;
  ms: number;
  /** How many peers there are at once. */
  peers?: number;
}

interface Dice {
  next(): number;
  below(limit: number): number;
  pick<T>(choices: readonly T[]): T;
  chance(probability: number): boolean;
  bytes(length: number): Buffer;
}

function createDice(seed: number): Dice {
  const next = seededRandom(seed);
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    pick: (choices) => choices[below(choices.length)] as (typeof choices)[number],
    chance: (probability) => next() < probability,
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  };
}

/** Flips, drops, doubles and inserts bytes. */
function garble(bytes: Buffer, dice: Dice): Buffer {
  const garbled = Buffer.from(bytes);
  for (let i = dice.below(4); i > 0; i--) garbled[dice.below(garbled.length)] = dice.below(256);
  const at = dice.below(garbled.length);
  const rest = garbled.subarray(at);
  return dice.pick([
    garbled,
    Buffer.concat([garbled.subarray(0, at), dice.bytes(dice.below(20)), rest]),
    Buffer.concat([garbled.subarray(0, at), rest.subarray(dice.below(8))]),
    Buffer.concat([garbled, garbled]),
  ]);
}

const awkward: readonly unknown[] = [
  null,
  true,
  -1,
  1e308,
  '',
  '\u0000',
  '\ud800',
  [],
  [[[[]]]],
  {},
  { toString: 1 },
  { __proto__: null, constructor: 1 },
  { _placeholder: true, num: 0 },
  'x'.repeat(5000),
];

/** An Engine.IO message: a Socket.IO packet that is right, wrong, or nothing. */
function socketPacket(dice: Dice, options: FuzzOptions): string {
  const event = dice.pick([
    'authorize',
    'send_message',
    'edit',
    'delete',
    'sync',
    'typing',
    'read',
    'subscribe',
    'unsubscribe',
    'connect_error',
    'disconnect',
    'error',
    '__proto__',
    'nothing',
    7,
  ]);
  const input = dice.pick<unknown>([
    { token: options.token },
    { ticket_id: options.ticketId, after: 0 },
    { ticket_id: options.ticketId, content: 'fuzzed' },
    { ticket_id: dice.pick(awkward), content: dice.pick(awkward) },
    dice.pick(awkward),
  ]);
  const id = dice.chance(0.5) ? dice.pick(['', '0', '7', '99999999999999999999']) : '';
  const auth = JSON.stringify(
    dice.pick<unknown>([{ token: options.token }, { token: 1 }, null, []]),
  );
  return dice.pick([
    `42${id}${JSON.stringify([event, input])}`,
    `42${id}${JSON.stringify([event, input])}`,
    `40${dice.chance(0.5) ? auth : ''}`,
    `40/admin,${auth}`,
    '41',
    `43${id}${JSON.stringify([input])}`,
    '44{"message":"x"}',
    `451-${JSON.stringify([event, { _placeholder: true, num: 0 }])}`,
    `4599-${JSON.stringify([event])}`,
    '461-[]',
    '42',
    '42[',
    '49',
    '1',
    '2',
    '2probe',
    '3',
    '5',
    '6',
    '8',
    dice.bytes(dice.below(30)).toString('latin1'),
  ]);
}

/** A masked frame, as a client sends it; `kind` is the opcode with the final bit. */
function frame(payload: Buffer, kind = 0x81): Buffer {
  const { length } = payload;
  const head =
    length < 126
      ? Buffer.from([kind, 0x80 | length])
      : Buffer.from([kind, 0x80 | 126, length >> 8, length & 0xff]);
  // The mask of four zero bytes changes nothing.
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

const pathsOf = ({ ticketId }: FuzzOptions) => [
  '/healthz',
  '/readyz',
  '/api/v1/tickets',
  `/api/v1/tickets/${ticketId}`,
  `/api/v1/tickets/${ticketId}/messages`,
  `/api/v1/tickets/${ticketId}/messages?after=0&limit=1`,
  `/api/v1/tickets/${ticketId}/attachments`,
  `/api/v1/files/${ticketId}/a?exp=9999999999999&sig=x`,
  '/socket.io/?EIO=4&transport=polling',
  '/socket.io/?EIO=4&transport=polling&sid=x',
  '/socket.io/?EIO=3&transport=polling&j=0',
  '/socket.io/',
  '//x/socket.io/?a=%',
  '/%ff',
  '*',
  'http://[/',
];

const forms = [
  '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\ncut',
  '--x\r\nContent-Disposition: form-data; name="picture"; filename="a"\r\n\r\ncut',
  '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\ntext\r\n--x--\r\n',
  '--x\r\nContent-Disposition: form-data; name="file"; filename*="UTF-8\'\'%E5"\r\n\r\ntext\r\n--x--\r\n',
  `--x\r\n${'A: b\r\n'.repeat(500)}\r\n`,
];

/** A request over HTTP, of any kind, in any state of repair. */
function httpRequest(dice: Dice, options: FuzzOptions): Buffer {
  const body = dice.pick<string | Buffer>([
    '',
    '{}',
    JSON.stringify({ content: 'fuzzed', client_id: dice.pick(awkward) }),
    JSON.stringify({ topic: 'fuzzed', description: dice.pick(awkward) }),
    dice.bytes(dice.below(100)),
    'x'.repeat(70_000),
    ...forms,
  ]);
  const isForm = typeof body === 'string' && body.startsWith('--x');
  const type = isForm ? 'multipart/form-data; boundary=x' : 'application/json';
  const path = isForm
    ? `/api/v1/tickets/${options.ticketId}/attachments`
    : dice.pick(pathsOf(options));
  const headers = {
    'Content-Type': type,
    ...(dice.chance(0.7) && { Authorization: `Bearer ${options.token}` }),
    ...(dice.chance(0.2) && {
      Connection: 'Upgrade',
      Upgrade: dice.pick(['h2c', 'websocket', 'x']),
    }),
    ...(dice.chance(0.1) && { Expect: '100-continue' }),
    ...(dice.chance(0.1) && { 'Transfer-Encoding': 'chunked' }),
    ...(dice.chance(0.1) && { 'Content-Length': dice.below(1_000_000) }),
    ...(dice.chance(0.1) && { Range: dice.pick(['bytes=-', 'bytes=5-2', 'x']) }),
    ...(dice.chance(0.1) && { Origin: dice.pick(['null', 'https://x.example', '\u00e9']) }),
    ...(dice.chance(0.1) && { 'X-Forwarded-For': dice.pick(['1.2.3.4', 'x, y', '::1, [::2]:7']) }),
  };
  const method = dice.pick([
    'GET',
    'POST',
    'POST',
    'PATCH',
    'DELETE',
    'OPTIONS',
    'HEAD',
    'CONNECT',
    'X',
  ]);
  return rawRequest(isForm ? 'POST' : method, path, headers, body);
}

/** Leaves: with a reset, an end, or not at all until the fuzzer ends. */
async function leave(peer: RawPeer, dice: Dice): Promise<void> {
  await sleep(dice.below(60));
  if (dice.chance(0.6)) peer.reset();
  else if (dice.chance(0.5)) peer.socket.end();
  else await Promise.race([peer.closed, sleep(500)]);
  peer.socket.destroy();
}

/** Writes in pieces, of which the last may be missing. */
async function drip(peer: RawPeer, bytes: Buffer, dice: Dice): Promise<void> {
  const cut = dice.chance(0.4) ? dice.below(bytes.length) : bytes.length;
  const middle = dice.below(cut + 1);
  peer.write(bytes.subarray(0, middle));
  if (dice.chance(0.3)) await sleep(dice.below(20));
  peer.write(bytes.subarray(middle, cut));
}

async function attackHttp(dice: Dice, options: FuzzOptions): Promise<void> {
  const peer = await openPeer(options.url, { deaf: dice.chance(0.2) });
  for (let i = 1 + dice.below(4); i > 0; i--) {
    const bytes = httpRequest(dice, options);
    await drip(peer, dice.chance(0.4) ? garble(bytes, dice) : bytes, dice);
  }
  await leave(peer, dice);
}

async function attackWebSocket(dice: Dice, options: FuzzOptions): Promise<void> {
  const peer = await openPeer(options.url, { deaf: dice.chance(0.2) });
  const path = dice.pick([
    '/socket.io/?EIO=4&transport=websocket',
    '/socket.io/?EIO=4&transport=websocket&sid=x',
    '/ws',
  ]);
  const upgrade = rawRequest('GET', path, upgradeHeaders);
  await drip(peer, dice.chance(0.1) ? garble(upgrade, dice) : upgrade, dice);
  if (dice.chance(0.7)) peer.write(frame(Buffer.from(`40{"token":"${options.token}"}`)));
  const flood = dice.chance(0.1) ? 2000 : dice.below(20);
  const same = frame(Buffer.from(socketPacket(dice, options)));
  for (let i = 0; i < flood; i++) {
    const one =
      flood > 20
        ? same
        : frame(
            Buffer.from(socketPacket(dice, options)),
            dice.pick([0x81, 0x81, 0x81, 0x82, 0x88, 0x89, 0x01, 0x80, 0xf1]),
          );
    peer.write(dice.chance(0.05) ? garble(one, dice) : one);
  }
  await leave(peer, dice);
}

async function attackPolling(dice: Dice, options: FuzzOptions): Promise<void> {
  const signal = AbortSignal.timeout(1000 + dice.below(500));
  const base = `${options.url}/socket.io/?EIO=4&transport=polling`;
  const opened = await (await fetch(base, { signal })).text();
  const sid = /"sid":"([^"]+)"/.exec(opened)?.[1];
  const address = `${base}&sid=${sid}`;
  for (let i = dice.below(4); i > 0; i--) {
    const packets = Array.from({ length: 1 + dice.below(dice.chance(0.1) ? 3000 : 10) }, () =>
      socketPacket(dice, options),
    );
    const sent = fetch(address, { method: 'POST', body: packets.join('\x1e'), signal });
    if (dice.chance(0.8)) await sent;
    else sent.catch(() => undefined);
    const poll = fetch(address, { signal });
    if (dice.chance(0.5)) await poll;
    else poll.catch(() => undefined);
  }
}

/** Requests, upgrades and the opening of sessions one behind the other, before any of them is answered. */
async function attackPipelined(dice: Dice, options: FuzzOptions): Promise<void> {
  const peer = await openPeer(options.url, { deaf: dice.chance(0.2) });
  const headers = { Authorization: `Bearer ${options.token}` };
  const requests = Array.from({ length: 2 + dice.below(4) }, () => {
    const path = dice.pick([
      ...pathsOf(options),
      '/socket.io/?EIO=4&transport=websocket',
      '/socket.io/?EIO=4&transport=websocket&sid=x',
    ]);
    if (dice.chance(0.4)) return rawRequest('GET', path, { ...headers, ...upgradeHeaders });
    if (dice.chance(0.3)) return httpRequest(dice, options);
    return rawRequest('GET', path, headers);
  });
  await drip(peer, Buffer.concat(requests), dice);
  await leave(peer, dice);
}

/** Handshakes whose session nobody ever polls. */
async function attackPlaces(_dice: Dice, options: FuzzOptions): Promise<void> {
  const peer = await openPeer(options.url);
  const one = rawRequest('GET', '/socket.io/?EIO=4&transport=polling');
  peer.write(Buffer.concat(Array.from({ length: 50 }, () => one)));
  await sleep(50);
  peer.reset();
}

async function attackToken(dice: Dice, options: FuzzOptions): Promise<void> {
  const token = mintToken(
    {
      id: 'fuzz',
      role: dice.pick(['TEMP_USER', 'X', '']),
      [dice.pick(['exp', 'iss', 'sub', 'x'])]: dice.pick(awkward) as never,
    },
    { noTimestamp: true },
  );
  await fetch(`${options.url}/api/v1/tickets`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(2000),
  });
}

async function attackRedis(
  dice: Dice,
  options: FuzzOptions,
  redis: Redis | undefined,
): Promise<void> {
  if (!redis || !options.redis) return;
  const entry = {
    id: options.ticketId,
    ticket_id: options.ticketId,
    owner: dice.pick(awkward),
    seq: dice.pick([1, 0, -1, 'x', 2 ** 60]),
    type: dice.pick(['message', 'status', 'x', null]),
    at: dice.pick([1, 'x', null]),
    author: dice.pick([{ key: 'x', id: 'x', name: 'x', role: 'x' }, null]),
    content: dice.pick(awkward),
  };
  const event = dice.pick<unknown>([
    { kind: dice.pick(['entry', 'internal_entry']), entry },
    { kind: 'ticket_created', ticket: dice.pick(awkward) },
    {
      kind: dice.pick(['typing', 'read', 'delivered']),
      ticket_id: options.ticketId,
      owner: 'x',
      seq: dice.pick<unknown>([1, 'x', undefined]),
      by: dice.pick(awkward),
    },
    dice.pick(awkward),
  ]);
  const data = dice.pick<unknown>([
    { packet: ['events', [event]] },
    { packet: ['events', event] },
    { packet: [event] },
    { opts: dice.pick(awkward), rooms: dice.pick(awkward), packet: dice.pick(awkward) },
    { requestId: 'x', packet: ['events', [event]] },
    dice.pick(awkward),
  ]);
  const text = Buffer.from(
    JSON.stringify({ uid: 'fuzz', nsp: dice.pick(['/', '/x']), type: dice.below(15), data }),
  );
  await redis.spublish(options.redis.channel, dice.chance(0.2) ? garble(text, dice) : text);
}

/**
 * Attacks a server at every stage on every port, for a time, with what the seed says: resets, cuts,
 * upgrades, floods and garbles over HTTP, WebSockets, polling, forms and the Redis channel. Judges
 * nothing. @returns how many attacks there were
 */
export async function fuzzPeers(options: FuzzOptions): Promise<number> {
  const until = Date.now() + options.ms;
  const redis = options.redis
    ? new Redis(options.redis.url, { replyMapping: false } as never)
    : undefined;
  let attacks = 0;
  const work = async (seed: number) => {
    const dice = createDice(seed);
    while (Date.now() < until) {
      const attack = dice.pick([
        attackHttp,
        attackHttp,
        attackWebSocket,
        attackWebSocket,
        attackPolling,
        attackPipelined,
        attackPlaces,
        attackToken,
        attackRedis,
      ]);
      attacks++;
      // What it is answered is for others to judge; that it may be refused is the point.
      await attack(dice, options, redis).catch(() => undefined);
    }
  };
  await Promise.all(
    Array.from({ length: options.peers ?? 8 }, (_, i) => work(options.seed * 1000 + i)),
  );
  redis?.disconnect();
  return attacks;
}
