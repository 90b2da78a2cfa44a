import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { endpoints } from '../../src/contract/endpoints.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { mintToken, newPerson, type Person } from '../support/people.ts';
import { sendRaw } from '../support/raw-http.ts';

let app: RunningApp;
let ana: Person;
let ticket: TicketView;

beforeAll(async () => {
  app = await startApp({ ALLOWED_ORIGINS: 'https://shop.example,https://*.blog.example' });
  ana = newPerson(app.url);
  ticket = await ana.createTicket();
});
afterAll(() => app.stop());

interface Shown {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what a server sends is what the tests look at
  body: any;
}

async function send(method: string, path: string, init: RequestInit = {}): Promise<Shown> {
  const answer = await fetch(app.url + path, {
    method,
    ...init,
    headers: { authorization: `Bearer ${ana.token}`, ...(init.headers as object) },
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : null };
}

const post = (body: string | Buffer, headers: Record<string, string> = {}, path?: string) =>
  send('POST', path ?? `/api/v1/tickets/${ticket.id}/messages`, {
    body,
    headers: { 'content-type': 'application/json', ...headers },
  });

/** Every refusal has one form of body, and the headers of every answer. */
function expectEnvelope({ headers, body }: Shown, error: string, fields = false): void {
  expect(body).toEqual({
    error,
    message: expect.stringMatching(/./),
    ...(fields && { errors: expect.any(Array) }),
  });
  expect(headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(headers.get('x-request-id')).toMatch(/^[\w.:-]{1,64}$/);
  expect(headers.get('x-powered-by')).toBeNull();
}

describe('unknown routes and methods', () => {
  test.each([
    ['GET', '/'],
    ['GET', '/api/v1'],
    ['GET', '/api/v1/nothing'],
    ['POST', '/api/v2/tickets'],
    ['DELETE', '/api/v1/tickets/x/y/z'],
    ['POST', '/api/v1/tickets//messages'],
    ['GET', '/favicon.ico'],
    ['GET', '/__proto__'],
    ['PUT', '/unknown'],
  ])('%s %s is 404 with the envelope', async (method, path) => {
    const answer = await send(method, path);
    expect(answer.status).toBe(404);
    expectEnvelope(answer, 'NOT_FOUND');
  });

  test.each([
    ['PUT', '/api/v1/tickets', 'GET, POST'],
    ['DELETE', '/api/v1/tickets', 'GET, POST'],
    ['OPTIONS', '/api/v1/tickets', 'GET, POST'],
    ['POST', '/api/v1/tickets/ID', 'DELETE, GET, PATCH, PUT'],
    ['OPTIONS', '/api/v1/tickets/ID', 'DELETE, GET, PATCH, PUT'],
    ['GET', '/api/v1/tickets/ID/close', 'POST'],
    ['PUT', '/api/v1/tickets/ID/messages', 'GET, POST'],
    ['GET', '/api/v1/tickets/ID/messages/ID', 'DELETE, PATCH'],
    ['GET', '/api/v1/tickets/ID/attachments', 'POST'],
    ['POST', '/api/v1/files/ID/a.png', 'GET'],
    ['POST', '/healthz', 'GET'],
    ['DELETE', '/readyz', 'GET'],
  ])('%s %s is 405 and Allow names %s', async (method, path, allowed) => {
    const answer = await send(method, path.replaceAll('ID', ticket.id));
    expect(answer.status).toBe(405);
    expectEnvelope(answer, 'METHOD_NOT_ALLOWED');
    const names = answer.headers
      .get('allow')
      ?.split(', ')
      .filter((name) => name !== 'HEAD');
    expect(names?.toSorted().join(', ')).toBe(allowed);
  });

  test('HEAD answers like GET without a body', async () => {
    const answer = await send('HEAD', `/api/v1/tickets/${ticket.id}`);
    expect(answer.status).toBe(200);
    expect(answer.body).toBeNull();
  });

  test.each(['/api/v1/tickets/%E0%A4%A', '/api/v1/tickets/%ff%fe', '/%'])(
    'a path that is not valid UTF-8 (%s) is refused with 4xx',
    async (path) => {
      const { status, text, headers } = await sendRaw(
        app.url,
        `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ana.token}\r\n\r\n`,
      );
      expect([400, 404]).toContain(status);
      expect(JSON.parse(text)).toMatchObject({
        error: expect.stringMatching(/^(BAD_REQUEST|NOT_FOUND)$/),
        message: expect.any(String),
      });
      expect(headers['x-request-id']).toBeDefined();
    },
  );
});

describe('bodies', () => {
  test.each([
    ['malformed JSON', '{"content": "hi"'],
    ['a bare word', 'hello'],
    ['two values', '{}{}'],
    ['a single quote', "{'content': 'hi'}"],
    ['a byte order mark', '\ufeff{"content":"hi"}x'],
  ])('%s is 400', async (_what, body) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expectEnvelope(answer, 'BAD_REQUEST', true);
    expect(answer.body).toEqual({
      error: 'BAD_REQUEST',
      message: 'Invalid form of body',
      errors: [
        { location: 'body', message: 'is not valid JSON', type: 'invalid_json', in: 'body' },
      ],
    });
  });

  test('invalid UTF-8 is 400, never a replacement character', async () => {
    const bytes = Buffer.concat([Buffer.from('{"content":"'), Buffer.of(0xff), Buffer.from('"}')]);
    const answer = await post(bytes);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toEqual([
      { location: 'body', message: 'is not UTF-8', type: 'invalid_json', in: 'body' },
    ]);
  });

  test.each([
    ['an array', '[]', 'body'],
    ['null', 'null', 'body'],
    ['text', '"hi"', 'body'],
    ['a number', '1', 'body'],
    ['true', 'true', 'body'],
  ])('%s instead of an object is 400', async (_what, body, location) => {
    for (const path of [
      `/api/v1/tickets/${ticket.id}/messages`,
      '/api/v1/tickets',
      `/api/v1/tickets/${ticket.id}/close`,
    ]) {
      const answer = await post(body, {}, path);
      expect(answer.status).toBe(400);
      expectEnvelope(answer, 'BAD_REQUEST', true);
      expect(answer.body.errors).toMatchObject([{ location, type: 'invalid_type', in: 'body' }]);
    }
  });

  test('a missing body is an empty object: its fields are required', async () => {
    const answer = await send('POST', '/api/v1/tickets');
    expect(answer).toMatchObject({
      status: 400,
      body: {
        error: 'BAD_REQUEST',
        message: 'Invalid form of body',
        errors: [
          { location: 'topic', message: 'is required', type: 'required', in: 'body' },
          { location: 'description', message: 'is required', type: 'required', in: 'body' },
        ],
      },
    });
    expect(answer.body.errors[0].context).toEqual({ expected: 'string' });
  });

  test.each([
    ['snooze', {}, 'is required', 'required'],
    ['snooze', { until: 'tomorrow' }, 'Invalid ISO datetime', 'invalid_union'],
    ['snooze', { until: true }, 'must be null or number or string', 'invalid_union'],
    ['assign', {}, 'is required', 'required'],
    ['assign', { assigned_to: 7 }, 'must be null or string', 'invalid_union'],
  ])('%s of %j says what the field may be', async (verb, body, message, type) => {
    const agent = newPerson(app.url, 'AGENT');
    const answer = await agent.call('POST', `/tickets/${ticket.id}/${verb}`, body);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ message, type }] } });
    const [{ context }] = (answer.body as { errors: [{ context: { expected: string } }] }).errors;
    expect(context.expected).toMatch(/^null or .*string$/);
  });

  test('a name in context that cannot be one says why', async () => {
    const context = { ['k'.repeat(41)]: 'x', '.': 'y' };
    const body = { topic: 't', description: 'd', context };
    expect((await ana.call('POST', '/tickets', body)).body).toMatchObject({
      errors: [
        {
          location: `context.${'k'.repeat(41)}`,
          message: expect.stringMatching(/^its name: .*40/),
        },
        { location: 'context..', message: expect.stringMatching(/^its name: must be letters/) },
      ],
    });
  });

  test('unknown fields are ignored', async () => {
    const answer = await post('{"content":"hi","seq":99,"__proto__":{"x":1},"author_id":"x"}');
    expect(answer).toMatchObject({ status: 201, body: { author_id: ana.id } });
    expect(answer.body.x).toBeUndefined();
  });

  test.each([undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])(
    'content type %s is 415',
    async (type) => {
      const headers = type ? `Content-Type: ${type}\r\n` : '';
      const { status, text } = await sendRaw(
        app.url,
        `POST /api/v1/tickets HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ana.token}\r\n` +
          `${headers}Content-Length: 2\r\n\r\n{}`,
      );
      expect(status).toBe(415);
      expect(JSON.parse(text)).toEqual({
        error: 'UNSUPPORTED_MEDIA_TYPE',
        message: expect.any(String),
      });
    },
  );

  test.each(['application/json', 'Application/JSON; charset=utf-8', 'application/vnd.x+json'])(
    'content type %s is taken',
    async (type) => {
      expect((await post('{"content":"hi"}', { 'content-type': type })).status).toBe(201);
    },
  );

  test('an encoded body is 415', async () => {
    const answer = await post('{"content":"hi"}', { 'content-encoding': 'gzip' });
    expect(answer.status).toBe(415);
    expectEnvelope(answer, 'UNSUPPORTED_MEDIA_TYPE');
  });
});

/** Sends a body of `size` bytes with Node's own client, in chunks or with its length. */
function sendSized(size: number, chunked: boolean): Promise<Shown> {
  return new Promise((resolve, reject) => {
    const head = '{"content":"hi","pad":"';
    const body = Buffer.from(`${head}${'x'.repeat(size - head.length - 2)}"}`);
    const req = request(
      `${app.url}/api/v1/tickets/${ticket.id}/messages`,
      {
        method: 'POST',
        headers: {
          authorization: `Bearer ${ana.token}`,
          'content-type': 'application/json',
          ...(!chunked && { 'content-length': body.length }),
        },
      },
      (res) => {
        let text = '';
        res.on('data', (data) => {
          text += data;
        });
        res.on('end', () => {
          const headers = new Headers(res.headers as Record<string, string>);
          resolve({ status: res.statusCode ?? 0, headers, body: JSON.parse(text) });
        });
        res.on('error', reject);
      },
    );
    req.on('error', reject);
    if (chunked)
      for (let at = 0; at < body.length; at += 16_384) req.write(body.subarray(at, at + 16_384));
    else req.write(body);
    req.end();
  });
}

describe.each([
  ['with its length', false],
  ['in chunks', true],
])('a body %s', (_how, chunked) => {
  test('of exactly 64 KiB is read, one byte more is 413', async () => {
    expect((await sendSized(65_536, chunked)).status).toBe(201);
    const over = await sendSized(65_537, chunked);
    expect(over.status).toBe(413);
    expectEnvelope(over, 'PAYLOAD_TOO_LARGE');
  });

  test.each([200_000, 3_000_000])('of %d bytes is 413, and its sender hears so', async (size) => {
    for (let i = 0; i < 5; i++) {
      const over = await sendSized(size, chunked);
      expect(over.status).toBe(413);
      expectEnvelope(over, 'PAYLOAD_TOO_LARGE');
    }
  });
});

describe('what is not HTTP', () => {
  test.each([
    ['garbage', 'hello there\r\n\r\n', 400],
    ['a wrong version', 'GET / HTTP/9.9\r\n\r\n', 400],
    ['a bad header', 'GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n', 400],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
    ],
    [
      'length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['no host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
    ['huge headers', `GET / HTTP/1.1\r\nHost: x\r\nX-Big: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
    ['two hosts', 'GET /healthz HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n', 400],
  ])('%s is refused with the envelope', async (_what, bytes, wanted) => {
    const { status, text, headers } = await sendRaw(app.url, bytes);
    expect(status).toBe(wanted);
    const error = wanted === 431 ? 'HEADERS_TOO_LARGE' : 'BAD_REQUEST';
    expect(JSON.parse(text)).toEqual({ error, message: expect.any(String) });
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(headers['x-request-id']).toMatch(/^[\w.:-]{1,64}$/);
  });

  test('an expectation nobody knows is ignored', async () => {
    const { status } = await sendRaw(
      app.url,
      'GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: the-unexpected\r\n\r\n',
    );
    expect(status).toBe(200);
  });
});

describe('401 says why', () => {
  const wrong = 'a-different-secret-of-32-bytes-or-more';
  test.each([
    ['no header', undefined, 'a bearer token is required', 'Bearer'],
    ['another scheme', 'Basic YTpi', 'the Authorization header is not "Bearer <token>"', 'Bearer'],
    ['no token', 'Bearer ', 'the Authorization header is not "Bearer <token>"', 'Bearer'],
    [
      'garbage',
      'Bearer abc',
      'the token is not a JWT',
      'Bearer error="invalid_token", error_description="the token is not a JWT"',
    ],
    [
      'an expired one',
      `Bearer ${mintToken({}, { expiresIn: -120 })}`,
      'token expired',
      'Bearer error="invalid_token", error_description="token expired"',
    ],
    [
      'a forged one',
      `Bearer ${mintToken({}, {}, wrong)}`,
      'signature does not match',
      'Bearer error="invalid_token", error_description="signature does not match"',
    ],
    [
      'a wrong role',
      `Bearer ${mintToken({ role: 'customer' })}`,
      'role "customer" is not one of TEMP_USER, CUSTOMER, AGENT, ADMIN',
      `Bearer error="invalid_token", error_description="role 'customer' is not one of TEMP_USER, CUSTOMER, AGENT, ADMIN"`,
    ],
  ])('%s', async (_what, authorization, message, challenge) => {
    const answer = await fetch(`${app.url}/api/v1/tickets`, {
      headers: authorization === undefined ? {} : { authorization },
    });
    expect(answer.status).toBe(401);
    expect(await answer.json()).toEqual({ error: 'UNAUTHORIZED', message });
    expect(answer.headers.get('www-authenticate')).toBe(challenge);
  });

  test('what comes from the token is cut to printable ASCII', async () => {
    const role = 'käufer"\r\nX-Evil: 1 😀';
    const { status, headers, body } = await newPersonWith({ role });
    expect(status).toBe(401);
    expect(body.message).toMatch(/^role "k\?ufer"[\x20-\x7e]*$/);
    expect(headers.get('www-authenticate')).toMatch(
      /^Bearer error="invalid_token", error_description="[\x20-\x21\x23-\x5b\x5d-\x7e]*"$/,
    );
    expect(headers.get('x-evil')).toBeNull();
  });

  const newPersonWith = async (claims: { role: string }): Promise<Shown> => {
    const answer = await fetch(`${app.url}/api/v1/tickets`, {
      headers: { authorization: `Bearer ${mintToken(claims)}` },
    });
    return { status: answer.status, headers: answer.headers, body: await answer.json() };
  };

  test('the scheme is read in any case', async () => {
    const answer = await fetch(`${app.url}/api/v1/tickets`, {
      headers: { authorization: `bearer ${ana.token}` },
    });
    expect(answer.status).toBe(200);
  });
});

describe('CORS', () => {
  const get = (origin: string, headers: object = {}) =>
    send('GET', '/api/v1/tickets', { headers: { origin, ...headers } });

  test.each(['https://shop.example', 'https://a.blog.example', 'https://a.b.blog.example'])(
    '%s is allowed and may read the contract’s headers',
    async (origin) => {
      const { status, headers } = await get(origin);
      expect(status).toBe(200);
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('vary')).toContain('Origin');
      const exposed = headers.get('access-control-expose-headers')?.split(', ');
      expect(exposed).toEqual(
        expect.arrayContaining([
          'Deskcord-Head',
          'Deskcord-Delivered',
          'Link',
          'Retry-After',
          'X-Request-Id',
          'RateLimit',
        ]),
      );
    },
  );

  test.each([
    'https://evil.example',
    'http://shop.example',
    'https://shop.example.evil.example',
    'https://evilblog.example',
    'https://evil/.blog.example',
    'null',
  ])('%s gets no permission', async (origin) => {
    const { headers } = await get(origin);
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('vary')).toContain('Origin');
  });

  test('errors carry the permission too', async () => {
    const answer = await send('POST', `/api/v1/tickets/${ticket.id}/messages`, {
      headers: { origin: 'https://shop.example' },
    });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  });

  test('every method and header of the contract may be used and read from a partner’s page', async () => {
    const headers = { origin: 'https://shop.example' };
    const url = `${app.url}/api/v1/tickets`;
    const asked = { ...headers, 'access-control-request-method': 'PUT' };
    const preflight = await fetch(url, { method: 'OPTIONS', headers: asked });
    const methods = preflight.headers.get('access-control-allow-methods')?.split(', ');
    const shown = (await fetch(url, { headers })).headers.get('access-control-expose-headers');
    for (const { method, ...row } of Object.values(endpoints)) {
      expect(methods).toContain(method);
      const named = 'headers' in row ? row.headers : [];
      expect(shown?.split(', ')).toEqual(expect.arrayContaining([...named]));
    }
  });

  test.each([
    ['https://shop.example', 'https://shop.example'],
    ['https://evil.example', null],
  ])('a preflight from %s', async (origin, allowed) => {
    const answer = await fetch(`${app.url}/api/v1/tickets/${ticket.id}/messages/x`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'PATCH' },
    });
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(allowed);
    expect(answer.headers.get('access-control-allow-methods')).toBe(
      allowed && 'DELETE, GET, PATCH, POST, PUT',
    );
    expect(answer.headers.get('x-request-id')).not.toBeNull();
    if (allowed) {
      expect(answer.headers.get('access-control-allow-headers')).toMatch(
        /Authorization.*Idempotency-Key/,
      );
    }
  });
});

describe('request ids', () => {
  test('a sane one is kept, another is made', async () => {
    const given = await send('GET', '/api/v1/tickets', { headers: { 'x-request-id': 'abc-123' } });
    expect(given.headers.get('x-request-id')).toBe('abc-123');
    const made = await Promise.all([1, 2].map(() => send('GET', '/nowhere')));
    const [one, two] = made.map(({ headers }) => headers.get('x-request-id'));
    expect(one).toMatch(/^[\w.:-]+$/);
    expect(one).not.toBe(two);
    for (const bad of ['x'.repeat(65), 'a b', '{"a":1}']) {
      const answer = await send('GET', '/nowhere', { headers: { 'x-request-id': bad } });
      expect(answer.headers.get('x-request-id')).not.toBe(bad);
    }
  });
});

describe('text', () => {
  const messages = () => `/api/v1/tickets/${ticket.id}/messages`;
  test('lengths count code points, at both edges', async () => {
    const long = '😀'.repeat(4000);
    const stored = await post(JSON.stringify({ content: long }));
    expect(stored.status).toBe(201);
    expect(stored.body.content).toBe(long);
    const over = await post(JSON.stringify({ content: `${long}x` }));
    expect(over.body.errors).toEqual([
      {
        location: 'content',
        message: 'must be at most 4000 characters',
        type: 'too_long',
        context: { max: 4000 },
        in: 'body',
      },
    ]);
    const topic = (count: number) =>
      post(JSON.stringify({ topic: 'é'.repeat(count), description: 'd' }), {}, '/api/v1/tickets');
    expect((await topic(200)).status).toBe(201);
    expect((await topic(201)).body.errors).toMatchObject([
      { location: 'topic', type: 'too_long', context: { max: 200 } },
    ]);
    const description = (count: number) =>
      post(JSON.stringify({ topic: 't', description: 'x'.repeat(count) }), {}, '/api/v1/tickets');
    expect((await description(4000)).status).toBe(201);
    expect((await description(4001)).body.errors).toMatchObject([{ location: 'description' }]);
    const made = await post(
      JSON.stringify({ topic: 't', description: 'd' }),
      {},
      '/api/v1/tickets',
    );
    const close = (count: number) =>
      post(
        JSON.stringify({ reason: '語'.repeat(count) }),
        {},
        `/api/v1/tickets/${made.body.id}/close`,
      );
    expect((await close(501)).body.errors).toMatchObject([
      { location: 'reason', type: 'too_long', context: { max: 500 } },
    ]);
    expect((await close(500)).body.close_reason).toBe('語'.repeat(500));
  });

  test.each([
    ['a lone high surrogate', '"\\ud83d"', 'lone_surrogate'],
    ['a lone low surrogate', '"a\\ude00b"', 'lone_surrogate'],
    ['nothing', '""', 'too_short'],
    ['spaces', '"   "', 'blank'],
    ['line ends', '"\\n\\t\\r"', 'blank'],
    ['no-break and ideographic spaces', '"\\u00a0\\u3000\\u2003"', 'blank'],
    ['zero-width characters', '"\\u200b\\u2060\\ufeff\\u200d"', 'blank'],
    ['U+0000', '"\\u0000"', 'blank'],
    ['U+0085', '"\\u0085"', 'blank'],
    ['a soft hyphen', '"\\u00ad"', 'blank'],
    ['fillers', '"\\u3164\\u2800"', 'blank'],
    ['a number', '5', 'invalid_type'],
    ['null', 'null', 'invalid_type'],
    ['a list', '["hi"]', 'invalid_type'],
  ])('%s is refused as content', async (_what, json, type) => {
    const answer = await post(`{"content":${json}}`, {}, messages());
    expect(answer.status).toBe(400);
    expectEnvelope(answer, 'BAD_REQUEST', true);
    expect(answer.body.errors).toMatchObject([{ location: 'content', type, in: 'body' }]);
    for (const error of answer.body.errors) expect(error.message).toMatch(/./);
  });

  test.each(['\u200b', '\u00ad\u0085', ' \u2060 ', '\u3164'])(
    'a topic, description, reason or client_id of nothing visible (%j) is refused',
    async (blank) => {
      const answers = [
        await ana.call<{ errors: object[] }>('POST', '/tickets', {
          topic: blank,
          description: 'd',
        }),
        await ana.call<{ errors: object[] }>('POST', '/tickets', {
          topic: 't',
          description: blank,
        }),
        await ana.call<{ errors: object[] }>('PATCH', `/tickets/${ticket.id}`, { topic: blank }),
        await ana.call<{ errors: object[] }>('POST', `/tickets/${ticket.id}/close`, {
          reason: blank,
        }),
        await ana.call<{ errors: object[] }>('POST', `/tickets/${ticket.id}/messages`, {
          content: 'c',
          client_id: blank,
        }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400]);
      expect(answers.map(({ body }) => body.errors[0])).toMatchObject(
        ['topic', 'description', 'topic', 'reason', 'client_id'].map((location) => ({
          location,
          type: blank.trim() === '' ? 'too_short' : 'blank',
        })),
      );
    },
  );

  test('topics are trimmed, the rest is kept exactly as sent', async () => {
    const odd = '  e\u0301 \u0000 \u202e<b>&amp;\r\n\ttail  ';
    const made = await post(
      JSON.stringify({ topic: ' \u00a0 Topic  ', description: odd }),
      {},
      '/api/v1/tickets',
    );
    expect(made.body).toMatchObject({ topic: 'Topic', description: odd });
    const sent = await post(JSON.stringify({ content: odd }));
    expect(sent.body.content).toBe(odd);
    const listed = await ana.list(ticket.id, '?limit=1');
    expect(listed.body[0]?.content).toBe(odd);
  });

  test('every wrong field is named at once, nested ones dotted', async () => {
    const answer = await post(
      JSON.stringify({ content: '', client_id: 5, attachments: ['x', 'ffffffffffffffffffffffff'] }),
    );
    expect(answer.body.errors).toMatchObject([
      { location: 'content', type: 'too_short', context: { min: 1 }, in: 'body' },
      { location: 'client_id', type: 'invalid_type', context: { expected: 'string' }, in: 'body' },
      { location: 'attachments.0', type: 'invalid_format', in: 'body' },
    ]);
  });
});

test('a storage that is away is 503 with Retry-After', async () => {
  const away = await startApp({ WRITE_DEADLINE_MS: '300' });
  const ben = newPerson(away.url);
  const made = await ben.createTicket();
  const client = away.ctx.db.connection.getClient();
  await client.close(true);
  const sent = await ben.send(made.id, 'hello');
  const listed = await ben.call('GET', '/tickets');
  for (const { status, body, headers } of [sent, listed]) {
    expect(status).toBe(503);
    expect(body).toEqual({ error: 'SERVICE_UNAVAILABLE', message: expect.any(String) });
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  }
  await away.ctx.db.connection.close(true);
  await away.stopServer();
  await away.close();
});
