import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FileView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { createClock } from '../../src/infra/clock.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type Answer, newPerson, type Person } from '../support/people.ts';

const LIMIT = 10 * 1024 * 1024;
let app: RunningApp;
let ana: Person;
let ticket: TicketView;
beforeAll(async () => {
  app = await startApp();
  ana = newPerson(app.url);
  ticket = await ana.createTicket();
});
afterAll(() => app.stop());

const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

async function upload(
  bytes: Uint8Array,
  {
    name = 'a.bin',
    type = 'application/octet-stream',
    field = 'file',
    as = ana,
    to = ticket.id,
  } = {},
): Promise<Answer<FileView>> {
  const form = new FormData();
  form.set('note', 'another field');
  form.set(field, new Blob([new Uint8Array(bytes)], { type }), name);
  const answer = await fetch(`${app.url}/api/v1/tickets/${to}/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${as.token}` },
    body: form,
  });
  return {
    status: answer.status,
    headers: answer.headers,
    body: (await answer.json()) as FileView,
  };
}

const stored = async () => {
  const { db } = app.ctx.db.connection;
  const [files, chunks] = await Promise.all(
    ['files.files', 'files.chunks'].map((name) => db?.collection(name).countDocuments()),
  );
  return { files, chunks };
};

describe('an upload', () => {
  test('answers 201 with id, name, type, size and a link that gives the bytes back', async () => {
    const { status, body } = await upload(png, { name: 'dot.png', type: 'image/png' });
    expect(status).toBe(201);
    expect(body).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{24}$/),
      name: 'dot.png',
      type: 'image/png',
      size: png.length,
      url: expect.stringContaining(`/api/v1/files/${body.id}/dot.png?exp=`),
    });
    const file = await fetch(body.url);
    expect(file.status).toBe(200);
    expect(Buffer.from(await file.arrayBuffer())).toEqual(png);
  });

  test.each([
    ['a png called text', png, 'notes.txt', 'text/plain', 'image/png', 'inline'],
    [
      'html called a png',
      Buffer.from('<html><script>alert(1)</script>'),
      'x.png',
      'image/png',
      'text/plain; charset=utf-8',
      'attachment',
    ],
    [
      'an svg',
      Buffer.from(
        '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
      ),
      'x.svg',
      'image/svg+xml',
      undefined,
      'attachment',
    ],
    [
      'a pdf',
      Buffer.from('%PDF-1.7\n%âãÏÓ\n'),
      'x.png',
      'image/png',
      'application/pdf',
      'attachment',
    ],
    ['text', Buffer.from('grüße 😀'), 'x', 'image/png', 'text/plain; charset=utf-8', 'attachment'],
    [
      'bytes',
      Buffer.from([0, 1, 2, 0xff, 0xfe]),
      'x.jpg',
      'image/jpeg',
      'application/octet-stream',
      'attachment',
    ],
    ['one byte', Buffer.from('a'), 'x.gif', 'image/gif', 'text/plain; charset=utf-8', 'attachment'],
  ])(
    '%s: its bytes are believed, not its sender',
    async (_what, bytes, name, type, found, shown) => {
      const { status, body } = await upload(bytes, { name, type });
      expect(status).toBe(201);
      if (found) expect(body.type).toBe(found);
      expect(body.size).toBe(bytes.length);
      const { headers } = await fetch(body.url);
      expect(headers.get('content-type')).toBe(body.type);
      expect(headers.get('content-disposition')).toMatch(new RegExp(`^${shown}; `));
    },
  );

  test('of exactly 10 MiB is taken, one byte more is 413 and leaves nothing', async () => {
    const exact = Buffer.alloc(LIMIT, 'x');
    const taken = await upload(exact);
    expect(taken).toMatchObject({ status: 201, body: { size: LIMIT } });
    const bytes = Buffer.from(await (await fetch(taken.body.url)).arrayBuffer());
    expect(bytes.equals(exact)).toBe(true);
    const before = await stored();
    const over = await upload(Buffer.alloc(LIMIT + 1, 'x'));
    expect(over).toMatchObject({ status: 413, body: { error: 'PAYLOAD_TOO_LARGE' } });
    const wayOver = await upload(Buffer.alloc(LIMIT + 200_000, 'x'));
    expect(wayOver).toMatchObject({ status: 413, body: { error: 'PAYLOAD_TOO_LARGE' } });
    await eventually(async () => expect(await stored()).toEqual(before));
  });

  test('an empty file or none at all is 400 and names the field', async () => {
    for (const answer of [await upload(Buffer.alloc(0)), await upload(png, { field: 'picture' })]) {
      expect(answer).toMatchObject({
        status: 400,
        body: {
          error: 'BAD_REQUEST',
          message: 'Invalid form of body',
          errors: [
            { location: 'file', message: expect.any(String), type: expect.any(String), in: 'body' },
          ],
        },
      });
    }
  });

  test.each([
    ['application/json', '{}', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['text/plain', 'x', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['multipart/form-data', 'x', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['multipart/form-data; charset=utf-8', 'x', 400, 'BAD_REQUEST'],
    ['multipart/form-data; boundary=x', 'no form at all', 400, 'BAD_REQUEST'],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\ncut',
      400,
      'BAD_REQUEST',
    ],
    [
      'multipart/form-data; boundary=x',
      '--x\r\nContent-Disposition: form-data; name="file"\r\n\r\ntext\r\n--x--\r\n',
      400,
      'BAD_REQUEST',
    ],
  ])('%s with %j is %d', async (type, body, status, error) => {
    const before = await stored();
    const headers = { 'content-type': type };
    const answer = await ana.call('POST', `/tickets/${ticket.id}/attachments`, body, headers);
    expect(answer).toMatchObject({ status, body: { error, message: expect.any(String) } });
    expect(await stored()).toEqual(before);
  });

  test('cut off in the middle leaves nothing behind', async () => {
    const before = await stored();
    for (let i = 0; i < 3; i++) {
      await new Promise<void>((resolve) => {
        const req = request(`${app.url}/api/v1/tickets/${ticket.id}/attachments`, {
          method: 'POST',
          headers: {
            authorization: `Bearer ${ana.token}`,
            'content-type': 'multipart/form-data; boundary=x',
            'content-length': 5_000_000,
          },
        });
        req.on('error', () => resolve());
        req.write('--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n');
        req.write(Buffer.alloc(2_000_000, 'x'), () => setTimeout(() => req.destroy(), 100));
        req.on('close', () => resolve());
      });
    }
    await eventually(async () => expect(await stored()).toEqual(before));
  });

  test('to a closed ticket is 409', async () => {
    const closed = await ana.createTicket();
    await ana.close(closed.id);
    const before = await stored();
    expect(await upload(png, { to: closed.id })).toMatchObject({ status: 409 });
    const { files, chunks } = await stored();
    expect(files).toBe(before.files);
    // Of an upload that was cut off the last ones may go only now.
    expect(chunks).toBeLessThanOrEqual(before.chunks ?? 0);
  });
});

describe('names', () => {
  test.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\system.ini', 'system.ini'],
    ['a/b\\c.png', 'c.png'],
    ['..', 'file'],
    ['.htaccess', 'htaccess'],
    ['   ', 'file'],
    ['evil\u202egnp.exe', 'evilgnp.exe'],
    ['tab\there.txt', 'tabhere.txt'],
    ['<b>:?|*.txt', 'b.txt'],
    ['Grüße 😀.txt', 'Grüße 😀.txt'],
    ["it's (1)*.txt", "it's (1).txt"],
    [`${'x'.repeat(200)}.png`, `${'x'.repeat(116)}.png`],
    [`${'😀'.repeat(200)}.png`, `${'😀'.repeat(116)}.png`],
    ['100%.txt', '100%.txt'],
    ['\u3164\u2800', 'file'],
    ['a\u200b\u00ad\u3164.txt', 'a.txt'],
  ])('%j becomes %j, and its link works', async (name, clean) => {
    const { status, body } = await upload(Buffer.from('x'), { name });
    expect(status).toBe(201);
    expect(body.name).toBe(clean);
    const file = await fetch(body.url);
    expect(file.status).toBe(200);
    const disposition = file.headers.get('content-disposition') ?? '';
    const encoded = /^attachment; filename\*=UTF-8''([A-Za-z0-9!#$&+.^_`|~%-]+)$/.exec(
      disposition,
    )?.[1];
    expect(decodeURIComponent(encoded ?? '')).toBe(clean);
  });
});

describe('in a message', () => {
  test('a text may be missing where there are files, and not where there are none', async () => {
    const { body: file } = await upload(png);
    const path = `/tickets/${ticket.id}/messages`;
    const sent = await ana.send(ticket.id, '', { attachments: [file.id] });
    expect(sent).toMatchObject({ status: 201, body: { content: '', files: [{ id: file.id }] } });
    const other = await ana.send(ticket.id, 'words', {
      attachments: [(await upload(png)).body.id],
    });
    const emptied = await ana.call('PATCH', `${path}/${other.body.id}`, { content: '' });
    expect(emptied).toMatchObject({ status: 200, body: { content: '' } });
    const plain = await ana.send(ticket.id, 'words alone');
    for (const refused of [
      await ana.send(ticket.id, ''),
      await ana.send(ticket.id, '', { attachments: [] }),
      await ana.send(ticket.id, '\u200b', { attachments: [(await upload(png)).body.id] }),
      await ana.call('PATCH', `${path}/${plain.body.id}`, { content: '' }),
    ]) {
      expect(refused).toMatchObject({ status: 400, body: { errors: [{ location: 'content' }] } });
    }
  });

  test('files are shown in the order named, one URL for each, signed anew at every showing', async () => {
    const files = [
      await upload(png, { name: '1.png' }),
      await upload(Buffer.from('x'), { name: '2.txt' }),
    ];
    const ids = files.map(({ body }) => body.id).toReversed();
    const sent = await ana.send(ticket.id, 'see', { attachments: ids });
    expect(sent.status).toBe(201);
    expect(sent.body.files.map(({ id, name }) => [id, name])).toEqual([
      [ids[0], '2.txt'],
      [ids[1], '1.png'],
    ]);
    expect(sent.body.attachments).toEqual(sent.body.files.map(({ url }) => url));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const listed = (await ana.list(ticket.id, '?limit=1')).body[0];
    expect(listed?.files.map(({ id }) => id)).toEqual(ids);
    expect(listed?.attachments).toEqual(listed?.files.map(({ url }) => url));
    expect(listed?.attachments).not.toEqual(sent.body.attachments);
    for (const url of listed?.attachments ?? []) expect((await fetch(url)).status).toBe(200);
    const path = `/tickets/${ticket.id}/messages/${sent.body.id}`;
    const edited = await ana.call('PATCH', path, { content: 'still there' });
    expect(edited.body).toMatchObject({ files: [{ id: ids[0] }, { id: ids[1] }] });
    expect((await ana.call('DELETE', path)).body).toMatchObject({ attachments: [], files: [] });
  });

  test('ten are taken, eleven are not', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 11; i++) ids.push((await upload(Buffer.from(`${i}`))).body.id);
    const ten = await ana.send(ticket.id, 'ten', { attachments: ids.slice(0, 10) });
    expect(ten).toMatchObject({ status: 201 });
    expect(ten.body.files).toHaveLength(10);
    expect(await ana.send(ticket.id, 'eleven', { attachments: ids })).toMatchObject({
      status: 400,
      body: { errors: [{ location: 'attachments', type: 'too_long', context: { max: 10 } }] },
    });
  });

  test('the same file twice is shown once', async () => {
    const { body } = await upload(png);
    const sent = await ana.send(ticket.id, 'twice', { attachments: [body.id, body.id] });
    expect(sent).toMatchObject({ status: 201 });
    expect(sent.body.files).toHaveLength(1);
  });

  test.each(['another ticket’s', 'somebody else’s', 'a missing'])(
    '%s file is refused by its place',
    async (which) => {
      const mine = await upload(png);
      const second = await ana.createTicket();
      const kim = newPerson(app.url, 'AGENT');
      const foreign = {
        'another ticket’s': async () => (await upload(png, { to: second.id })).body.id,
        'somebody else’s': async () => (await upload(png, { as: kim })).body.id,
        'a missing': async () => 'ffffffffffffffffffffffff',
      }[which] as () => Promise<string>;
      const before = (await ana.list(ticket.id)).headers.get('deskcord-head');
      const sent = await ana.send(ticket.id, 'x', { attachments: [mine.body.id, await foreign()] });
      expect(sent).toMatchObject({
        status: 400,
        body: { errors: [{ location: 'attachments.1', type: 'unknown_file', in: 'body' }] },
      });
      expect((await ana.list(ticket.id)).headers.get('deskcord-head')).toBe(before);
    },
  );
});

describe('a link', () => {
  let link: URL;
  beforeAll(async () => {
    link = new URL((await upload(Buffer.from('0123456789'), { name: 'ten.txt' })).body.url);
  });
  const get = (change: (url: URL) => void, init: RequestInit = {}) => {
    const url = new URL(link);
    change(url);
    return fetch(url, init);
  };

  test('lives one hour', () => {
    const left = Number(link.searchParams.get('exp')) - Date.now();
    expect(left).toBeGreaterThan(59 * 60_000);
    expect(left).toBeLessThanOrEqual(60 * 60_000);
  });

  test.each<[string, (url: URL) => void]>([
    ['later expiry', (url) => url.searchParams.set('exp', String(Date.now() + 9_999_999))],
    ['no expiry', (url) => url.searchParams.delete('exp')],
    ['an expiry that is no number', (url) => url.searchParams.set('exp', 'Infinity')],
    ['no signature', (url) => url.searchParams.delete('sig')],
    [
      'a changed signature',
      (url) => url.searchParams.set('sig', `A${url.searchParams.get('sig')?.slice(1)}B`),
    ],
    ['a signature in other letters', (url) => url.searchParams.set('sig', 'é'.repeat(43))],
  ])('with %s is 403', async (_what, change) => {
    const answer = await get(change);
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({ error: 'FORBIDDEN', message: expect.any(String) });
  });

  test('for another file is 403; a malformed id is 404', async () => {
    const other = (await upload(png)).body;
    const answer = await get((url) => {
      url.pathname = url.pathname.replace(/[0-9a-f]{24}/, other.id);
    });
    expect(answer.status).toBe(403);
    const malformed = await get((url) => {
      url.pathname = '/api/v1/files/x/y';
    });
    expect(malformed.status).toBe(404);
  });

  test('that has expired is 403', async () => {
    const { fileView } = await import('../../src/domain/links.ts');
    const past = { ...app.ctx, clock: createClock(() => Date.now() - 3_600_000) };
    const id = link.pathname.split('/')[4] as string;
    const { url } = fileView(past, { id, name: 'ten.txt', type: 'text/plain', size: 10 });
    expect((await fetch(url)).status).toBe(403);
  });

  test('needs no token and says what a browser may do with it', async () => {
    const answer = await get(() => undefined);
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe('0123456789');
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'content-length': '10',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'accept-ranges': 'bytes',
      // A browser shows a file no longer than this after its message is deleted.
      'cache-control': 'private, max-age=60',
      'x-request-id': expect.any(String),
    });
    expect(answer.headers.get('cache-control')).toContain('private');
  });

  test('HEAD answers the same headers without the bytes', async () => {
    const answer = await get(() => undefined, { method: 'HEAD' });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-length')).toBe('10');
    expect(await answer.text()).toBe('');
  });

  test.each([
    ['bytes=0-3', 206, '0123', 'bytes 0-3/10'],
    ['bytes=4-', 206, '456789', 'bytes 4-9/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=-99', 206, '0123456789', 'bytes 0-9/10'],
    ['bytes=9-99', 206, '9', 'bytes 9-9/10'],
    ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['bytes=0-1,3-4', 200, '0123456789', null],
    ['lines=1-2', 200, '0123456789', null],
    ['bytes=-', 200, '0123456789', null],
    ['bytes=5-2', 200, '0123456789', null],
  ])('Range %s is %d', async (range, status, text, contentRange) => {
    const answer = await get(() => undefined, { headers: { range } });
    expect(answer.status).toBe(status);
    expect(await answer.text()).toBe(text);
    expect(answer.headers.get('content-range')).toBe(contentRange);
  });

  test.each(['bytes=10-', 'bytes=99-100', 'bytes=-0'])('Range %s is 416', async (range) => {
    const answer = await get(() => undefined, { headers: { range } });
    expect(answer.status).toBe(416);
    expect(answer.headers.get('content-range')).toBe('bytes */10');
    expect(await answer.json()).toMatchObject({ error: 'RANGE_NOT_SATISFIABLE' });
  });

  test('a range across the chunks of a large file is exact', async () => {
    const bytes = Buffer.from(Array.from({ length: 600_000 }, (_, i) => i % 251));
    const { body } = await upload(bytes);
    for (const [from, to] of [
      [261_119, 261_121],
      [0, 599_999],
      [522_239, 522_240],
    ] as const) {
      const answer = await fetch(body.url, { headers: { range: `bytes=${from}-${to}` } });
      expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes.subarray(from, to + 1));
    }
  });
});
