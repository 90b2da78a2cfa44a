import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import WebSocket from 'ws';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, mintToken, newPerson, type Person } from '../support/people.ts';
import { parseAnswer, sendRaw } from '../support/raw-http.ts';
import { openPeer, rawRequest, upgradeHeaders } from '../support/raw-peer.ts';

const run = promisify(execFile);

let app: RunningApp;
let ana: Person;
let ticketId: string;

beforeAll(async () => {
  app = await startApp({ ALLOWED_ORIGINS: 'https://shop.example' });
  ana = newPerson(app.url);
  ticketId = (await ana.createTicket()).id;
});
afterAll(() => app.stop());

/** Opens a WebSocket and says how it was refused. */
async function refusedUpgrade(address: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(address.replace('http', 'ws'), { headers });
  socket.on('error', () => undefined);
  const [, answer] = (await once(socket, 'unexpected-response')) as [
    unknown,
    import('node:http').IncomingMessage,
  ];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const body = JSON.parse(Buffer.concat(chunks).toString());
  return { status: answer.statusCode, headers: answer.headers, body };
}

const anyMessage = expect.stringMatching(/./);

describe('an upgrade', () => {
  test.each(['h2c', 'TLS/1.0', 'HTTP/2.0', 'foo'])(
    'to %s is ignored: the request is answered as HTTP/1.1, its body served, its connection kept',
    async (protocol) => {
      const peer = await openPeer(app.url);
      const headers = {
        Authorization: `Bearer ${ana.token}`,
        Connection: 'Upgrade, HTTP2-Settings',
        Upgrade: protocol,
        'HTTP2-Settings': 'AAMAAABkAAQBAAAAAAIAAAAA',
        'Content-Type': 'application/json',
      };
      const content = `by ${protocol}`;
      const body = JSON.stringify({ content });
      peer.write(rawRequest('POST', `/api/v1/tickets/${ticketId}/messages`, headers, body));
      await eventually(() => expect(parseAnswer(peer.received()).status).toBe(201));
      peer.write(rawRequest('GET', '/healthz', headers));
      await eventually(() => expect(peer.received()).toContain('{"status":"ok"}'));
      peer.write(rawRequest('GET', '/healthz'));
      await eventually(() => expect(peer.received().match(/HTTP\/1.1 200/g)).toHaveLength(2));
      peer.socket.destroy();
      const { body: messages } = await ana.list(ticketId);
      expect(messages.at(-1)?.content).toBe(content);
    },
  );

  test.each([
    ['Java’s default client', 'java', ['tests/support/HttpGet.java']],
    ['curl --http2', 'curl', ['-sS', '--http2', '-o', '/dev/null', '-w', '%{http_code}']],
  ])('%s gets its answer', async (_what, program, args) => {
    const has = await run('which', [program]).catch(() => undefined);
    // Where the program is missing the bytes it would send are those of the tests above.
    if (!has) return;
    const { stdout } = await run(program, [...args, `${app.url}/healthz`]);
    expect(stdout.trim()).toBe('200');
  });

  test.each(['/ws', '/healthz', '/api/v1/tickets', '/socket.io'])(
    'to a WebSocket at %s is 404 with the envelope',
    async (path) => {
      const { status, headers, body } = await refusedUpgrade(app.url + path);
      expect(status).toBe(404);
      expect(body).toEqual({ error: 'NOT_FOUND', message: 'WebSocket not found' });
      expect(headers['x-request-id']).toBeDefined();
    },
  );
});

describe('a refusal of Socket.IO', () => {
  const refusals = [
    [
      'version 3',
      'EIO=3&transport=TRANSPORT',
      {},
      400,
      'BAD_REQUEST',
      /EIO is "3".*Socket.IO 3 and 4/,
    ],
    ['no version', 'transport=TRANSPORT', {}, 400, 'BAD_REQUEST', /EIO is missing/],
    ['an unknown session', 'EIO=4&transport=TRANSPORT&sid=x', {}, 400, 'BAD_REQUEST', /session/],
    ['an unknown transport', 'EIO=4&transport=x', {}, 400, 'BAD_REQUEST', /transport/],
    ['JSONP', 'EIO=4&transport=TRANSPORT&j=0', {}, 400, 'BAD_REQUEST', /JSONP/],
    [
      'another origin',
      'EIO=4&transport=TRANSPORT',
      { origin: 'https://evil.example' },
      403,
      'FORBIDDEN',
      /origin/,
    ],
  ] as const;
  test.each(refusals)(
    'for %s has the envelope',
    async (_what, query, headers, status, error, why) => {
      const address = `${app.url}/socket.io/?${query}`;
      const polled = await fetch(address.replace('TRANSPORT', 'polling'), { headers });
      const polling = { status: polled.status, body: await polled.json() };
      const refused = { status, body: { error, message: expect.stringMatching(why) } };
      expect(polling).toEqual(refused);
      expect(polled.headers.get('x-request-id')).toMatch(/./);
      const upgrade = await refusedUpgrade(address.replace('TRANSPORT', 'websocket'), headers);
      expect({ status: upgrade.status, body: upgrade.body }).toEqual(refused);
      expect(upgrade.headers['x-request-id']).toMatch(/./);
      expect(upgrade.headers['content-type']).toBe('application/json; charset=utf-8');
    },
  );

  test.each([
    ['a method there is not', { method: 'PUT' }, 405],
    ['a body that is too large', { method: 'POST', body: 'x'.repeat(70_000) }, 413],
    [
      'a body that is no text',
      { method: 'POST', body: 'x', headers: { 'content-type': 'application/octet-stream' } },
      415,
    ],
    ['a session that begins with POST', { method: 'POST', body: 'x' }, 400],
  ])('for %s has the envelope', async (_what, init, status) => {
    const answer = await fetch(`${app.url}/socket.io/?EIO=4&transport=polling`, init);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ error: anyMessage, message: anyMessage });
  });

  test('for a WebSocket without a key has the envelope', async () => {
    const { 'Sec-WebSocket-Key': _, ...headers } = upgradeHeaders;
    const path = '/socket.io/?EIO=4&transport=websocket';
    const { status, text } = await sendRaw(app.url, rawRequest('GET', path, headers));
    expect(status).toBe(400);
    expect(JSON.parse(text)).toEqual({ error: 'BAD_REQUEST', message: anyMessage });
  });

  test('for a second poll at once ends the session', async () => {
    const opened = await (await fetch(`${app.url}/socket.io/?EIO=4&transport=polling`)).text();
    const { sid } = JSON.parse(opened.slice(1));
    const address = `${app.url}/socket.io/?EIO=4&transport=polling&sid=${sid}`;
    const first = fetch(address).then((answer) => answer.text());
    await sleep(100);
    const second = await fetch(address);
    expect(second.status).toBe(400);
    expect(await second.json()).toMatchObject({ error: 'BAD_REQUEST' });
    await first;
    expect((await fetch(address)).status).toBe(400);
  });
});

describe('a body nobody wants', () => {
  const path = () => `/api/v1/tickets/${ticketId}/messages`;

  test.each([
    ['a token is missing', false, 401],
    ['it is too large', true, 413],
  ])(
    'when %s, then the answer is read by a client that sends all of it first',
    async (_w, known, status) => {
      for (const size of [100_000, 1_000_000, 5_000_000, 20_000_000]) {
        for (const connection of ['keep-alive', 'close']) {
          const peer = await openPeer(app.url);
          peer.write(
            rawRequest('POST', path(), {
              ...(known && { Authorization: `Bearer ${ana.token}` }),
              'Content-Type': 'application/json',
              'Content-Length': size,
              Connection: connection,
            }),
          );
          // Never looks at the answer before it has written everything, as some clients do.
          let failed = false;
          const chunk = Buffer.alloc(100_000, 'x');
          for (let sent = 0; sent < size && !failed; sent += chunk.length) {
            await new Promise<void>((resolve) => {
              peer.socket.write(chunk, (error) => {
                failed = Boolean(error);
                resolve();
              });
            });
          }
          expect({ size, connection, failed }).toEqual({ size, connection, failed: false });
          await eventually(() => expect(parseAnswer(peer.received()).status).toBe(status));
          peer.socket.destroy();
        }
      }
    },
  );

  test('that never ends is cut', async () => {
    const peer = await openPeer(app.url);
    const headers = { 'Content-Type': 'application/json', 'Transfer-Encoding': 'chunked' };
    peer.write(rawRequest('POST', path(), headers));
    const chunk = Buffer.concat([
      Buffer.from('100000\r\n'),
      Buffer.alloc(0x100000, 'x'),
      Buffer.from('\r\n'),
    ]);
    let sent = 0;
    while (!peer.socket.destroyed && sent < 200) {
      await new Promise<void>((resolve) => peer.socket.write(chunk, () => resolve()));
      sent++;
    }
    expect(parseAnswer(peer.received()).status).toBe(401);
    expect(sent).toBeLessThan(200);
  });

  test.each([
    ['without a token', undefined, 10, 401],
    ['too large', 'TOKEN', 100_000, 413],
  ])('is not asked for with 100 when it is %s', async (_what, token, size, status) => {
    const peer = await openPeer(app.url);
    peer.write(
      rawRequest('POST', path(), {
        ...(token && { Authorization: `Bearer ${ana.token}` }),
        'Content-Type': 'application/json',
        'Content-Length': size,
        Expect: '100-continue',
      }),
    );
    await eventually(() => expect(parseAnswer(peer.received()).status).toBe(status));
    expect(peer.received()).not.toContain('100 Continue');
    expect(parseAnswer(peer.received()).headers.connection).toBe('close');
    peer.socket.destroy();
  });

  test('is asked for with 100 where it will be read', async () => {
    const answer = await new Promise<{ continued: boolean; status?: number }>((resolve) => {
      let continued = false;
      const body = JSON.stringify({ content: 'after 100' });
      const req = request(app.url + path(), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${ana.token}`,
          'content-type': 'application/json',
          'content-length': body.length,
          expect: '100-continue',
        },
      });
      req.on('continue', () => {
        continued = true;
        req.end(body);
      });
      req.on('response', (res) => {
        res.resume();
        resolve({ continued, status: res.statusCode as number });
      });
      req.flushHeaders();
    });
    expect(answer).toEqual({ continued: true, status: 201 });
  });
});

describe('a path', () => {
  test('may have any of its characters percent-encoded, on every route', async () => {
    const encoded = `%${ticketId.charCodeAt(0).toString(16)}${ticketId.slice(1)}`;
    const outcomes = [
      await ana.call('GET', `/tickets/${encoded}`),
      await ana.call('GET', `/tickets/${encoded}/messages`),
      await ana.call('POST', `/tickets/${encoded}/messages`, { content: 'encoded' }),
      await sendRaw(
        app.url,
        rawRequest(
          'POST',
          `/api/v1/tickets/${encoded}/messages/`,
          { Authorization: `Bearer ${ana.token}`, 'Content-Type': 'application/json' },
          '{"content":"with a slash at the end"}',
        ),
      ),
    ];
    expect(outcomes.map(({ status }) => status)).toEqual([200, 200, 201, 201]);
  });

  test.each(['%ZZ', '%FF'])('that is not valid UTF-8 (%s) is 400 on every route', async (bad) => {
    for (const [method, rest] of [
      ['GET', ''],
      ['POST', '/messages'],
      ['GET', '/messages'],
    ] as const) {
      const answer = await sendRaw(app.url, rawRequest(method, `/api/v1/tickets/${bad}${rest}`));
      expect(answer.status).toBe(400);
    }
  });
});

test.each(['Identity', 'IDENTITY'])('Content-Encoding: %s is none', async (encoding) => {
  const headers = { 'content-encoding': encoding };
  const path = `/tickets/${ticketId}/messages`;
  expect((await ana.call('POST', path, { content: encoding }, headers)).status).toBe(201);
});

describe('a form whose file cannot be read', () => {
  const dispositions = [
    [
      `form-data; name="file"; filename="a.docx"; filename*="UTF-8''%E5.docx"`,
      /must not be in quotes/,
    ],
    ['form-data; name="file"; filename=a b.txt', /cannot be read/],
    ['form-data; name="file" ; filename = "a.txt"', /cannot be read/],
    ['form-data; name="file"; filename="a.txt";', /cannot be read/],
    ['form-data; name="picture"; filename="a.txt"', /the form has a file named "picture"/],
    ['form-data; name="other"', /^is required$/],
  ] as const;
  test.each(dispositions)('%s is told what is wrong', async (disposition, message) => {
    const form = `--x\r\nContent-Disposition: ${disposition}\r\n\r\ntext\r\n--x--\r\n`;
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const { status, body } = await ana.call<{ errors: unknown[] }>(
      'POST',
      `/tickets/${ticketId}/attachments`,
      form,
      headers,
    );
    expect(status).toBe(400);
    expect(body.errors).toEqual([
      { location: 'file', message: expect.stringMatching(message), type: anyMessage, in: 'body' },
    ]);
  });
});

test('If-Range of another file gets the whole, of this one the range', async () => {
  const form = new FormData();
  form.set('file', new Blob(['0123456789']), 'a.txt');
  const uploaded = await fetch(`${app.url}/api/v1/tickets/${ticketId}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ana.token}` },
    body: form,
  });
  const { url } = (await uploaded.json()) as { url: string };
  const etag = (await fetch(url)).headers.get('etag') as string;
  const part = (validator: string) =>
    fetch(url, { headers: { range: 'bytes=2-4', 'if-range': validator } });
  expect((await part('"another"')).status).toBe(200);
  const same = await part(etag);
  expect([same.status, await same.text()]).toEqual([206, '234']);
});

test('/readyz asks MongoDB once for however many ask it, and names no host', async () => {
  const db = app.ctx.db.connection.db as unknown as { command: (...args: unknown[]) => unknown };
  const { command } = db;
  let pings = 0;
  db.command = function counted(...args) {
    pings++;
    return command.apply(this, args);
  };
  await sleep(1000);
  const start = performance.now();
  const ask = async () => (await fetch(`${app.url}/readyz`)).status;
  const statuses = await Promise.all(Array.from({ length: 200 }, ask));
  // One for each second it took, however many asked.
  const seconds = Math.ceil((performance.now() - start) / 1000);
  expect(pings).toBeLessThanOrEqual(seconds + 1);
  db.command = () => Promise.reject(new Error('connect ECONNREFUSED 10.1.2.3:27017'));
  await sleep(1000);
  const away = await fetch(`${app.url}/readyz`);
  db.command = command;
  expect(new Set(statuses)).toEqual(new Set([200]));
  expect(pings).toBeGreaterThan(0);
  expect(away.status).toBe(503);
  expect(await away.text()).not.toContain('10.1.2.3');
  await sleep(1000);
  expect(await ask()).toBe(200);
});

describe('an event of more than 64 KB', () => {
  test('ends its socket, and the next message goes through on a new one', async () => {
    const socket = listenAt(app.url, { auth: { token: ana.token }, reconnection: true });
    await eventually(() => expect(socket.events('authorized')).toHaveLength(1));
    socket.socket.emit('send_message', { ticket_id: ticketId, content: 'x'.repeat(70_000) });
    await eventually(() => expect(socket.events('authorized')).toHaveLength(2));
    expect(
      await socket.ask('send_message', { ticket_id: ticketId, content: 'after' }),
    ).toMatchObject({
      ok: true,
    });
    socket.socket.close();
  });
});

test('a token the handshake brings counts as an authorize of its user', async () => {
  const strict = await startApp({ RATE_LIMIT_FACTOR: '1', MAX_CONNECTIONS_PER_USER: '1000' });
  const token = mintToken({ id: 'often' });
  const outcomes = await Promise.all(
    Array.from({ length: 40 }, async () => {
      const { socket } = listenAt(strict.url, { auth: { token } });
      return new Promise<string>((resolve) => {
        socket.once('authorized', () => resolve('in'));
        socket.once('connect_error', (error: Error & { data?: { error: string } }) =>
          resolve(error.data?.error ?? error.message),
        );
      }).finally(() => socket.close());
    }),
  );
  expect(outcomes.filter((outcome) => outcome === 'in')).toHaveLength(30);
  expect(outcomes.filter((outcome) => outcome === 'RATELIMIT')).toHaveLength(10);
  await strict.stop();
});
