import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sizes } from '../../src/contract/limits.ts';
import type { MessageView } from '../../src/contract/messages.ts';
import { takeSlot } from '../../src/domain/long-answers.ts';
import { pageLimits, sendPage } from '../../src/http/reply.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { newPerson, type Person } from '../support/people.ts';
import { uploadTo } from '../support/uploads.ts';

let app: RunningApp;
let ana: Person;
let kim: Person;
beforeAll(async () => {
  app = await startApp();
  ana = newPerson(app.url, 'CUSTOMER', { username: 'أنا' });
  kim = newPerson(app.url, 'AGENT', { username: 'Kim' });
});
afterAll(() => app.stop());

const pathOf = (ticketId: string, query = '') => `/api/v1/tickets/${ticketId}/transcript${query}`;

async function read({ token }: Person, ticketId: string, query = '') {
  const answer = await fetch(app.url + pathOf(ticketId, query), {
    headers: { authorization: `Bearer ${token}` },
  });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** The smallest image there is, and so many bytes behind it. */
const png = (more = 0) =>
  Buffer.concat([
    Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
      'base64',
    ),
    Buffer.alloc(more),
  ]) as Buffer<ArrayBuffer>;

async function attach(person: Person, ticketId: string, bytes: Buffer<ArrayBuffer>, name: string) {
  const { body } = await uploadTo(app.url, person.token, ticketId, bytes, name);
  return body.id;
}

/** A conversation with all that a log can hold, closed with a reason. */
async function converse() {
  const ticket = await ana.createTicket({ topic: 'طرد لم يصل' });
  const place = `/tickets/${ticket.id}`;
  const picture = await attach(ana, ticket.id, png(), 'photo.png');
  const archive = await attach(ana, ticket.id, Buffer.from('a,b\n') as never, 'list.csv');
  const files = { attachments: [picture, archive] };
  const first = await ana.send(ticket.id, 'first words <b>', files);
  const regret = await ana.send(ticket.id, 'a regret of the customer');
  const typo = await kim.send(ticket.id, 'an anser');
  await kim.call('PATCH', `${place}/messages/${typo.body.id}`, { content: 'an answer' });
  await kim.call<MessageView>('POST', `${place}/notes`, { content: 'a word among staff' });
  await kim.call('PUT', `${place}/priority`, { priority: 'HIGH' });
  await ana.call('DELETE', `${place}/messages/${regret.body.id}`);
  await ana.close(ticket.id, 'it came');
  await ana.call('POST', `${place}/rating`, { score: 5, comment: 'quick' });
  return { ticket, first, archive };
}

describe('the transcript of a ticket', () => {
  test('the customer gets what they see: no notes, events, earlier versions, nothing deleted', async () => {
    const { ticket } = await converse();
    const own = await read(ana, ticket.id);
    expect(own.status).toBe(200);
    expect(own.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(own.headers.get('cache-control')).toBe('no-store');
    expect(own.headers.get('content-disposition')).toMatch(/^attachment; .*transcript-\d+\.html$/);
    for (const word of [
      'first words &lt;b&gt;',
      'an answer',
      'edited',
      'it came',
      '★★★★★ <bdi>quick</bdi>',
    ]) {
      expect(own.text).toContain(word);
    }
    for (const word of ['a regret', 'anser', 'among staff', 'priority', 'class="status"']) {
      expect(own.text).not.toContain(word);
    }
    expect(own.text).toContain('<b dir="auto">أنا</b>');
    expect(own.text.trimEnd().endsWith('</html>')).toBe(true);
    const byStaff = await read(kim, ticket.id, '?version=customer');
    const unsigned = (text: string) => text.replace(/exp=\d+&amp;sig=[\w-]+/g, '');
    expect(unsigned(byStaff.text)).toBe(unsigned(own.text));
  });

  test('staff get all of it, in the order of time', async () => {
    const { ticket } = await converse();
    const { text, headers } = await read(kim, ticket.id);
    expect(headers.get('content-disposition')).toContain('-staff.html');
    expect(text).toMatch(/an answer<\/pre><details>.*an anser/s);
    expect(text).toMatch(/deleted by <bdi>أنا<.*a regret of the customer/s);
    expect(text).toMatch(/📝 note, for staff only.*a word among staff.*priority: medium → high/s);
    expect(text).toContain('closed the ticket: it came');
    expect((await read(ana, ticket.id, '?version=staff')).status).toBe(403);
    expect((await read(kim, ticket.id, '?version=all')).status).toBe(400);
  });

  test('pictures stand in it; other files are links, and an address that gives new ones', async () => {
    const { ticket, archive } = await converse();
    const { text } = await read(ana, ticket.id);
    expect(text).toContain(
      `src="data:image/png;base64,${png().toString('base64')}" alt="photo.png"`,
    );
    const links = [...text.matchAll(/href="([^"]+)"/g)].map(([, link = '']) =>
      link.replaceAll('&amp;', '&'),
    );
    const signed = links.find((link) => link.includes('/files/') && link.includes(archive));
    expect(await (await fetch(signed as string)).text()).toBe('a,b\n');
    const lasting = links.find((link) => link.endsWith(`/attachments/${archive}/download`));
    expect((await fetch(lasting as string)).status).toBe(401);
    const bearer = { headers: { authorization: `Bearer ${ana.token}` } };
    expect(await (await fetch(lasting as string, bearer)).text()).toBe('a,b\n');
  });

  test('pictures beyond 8 MiB together are named only', async () => {
    const ticket = await ana.createTicket();
    const pictures = await Promise.all(
      [0, 1, 2, 3].map((nth) =>
        attach(ana, ticket.id, png(2.5 * 1024 * 1024), `picture-${nth}.png`),
      ),
    );
    await ana.send(ticket.id, '', { attachments: pictures });
    const { text } = await read(ana, ticket.id);
    expect(text.match(/<img /g)).toHaveLength(2);
    expect(text.match(/>lasting address</g)).toHaveLength(4);
    expect(text.length).toBeLessThan(9 * 1024 * 1024);
  });

  test('one that is long is whole, and what was changed far behind is changed', async () => {
    const ticket = await ana.createTicket();
    const early = await ana.send(ticket.id, 'too early');
    const edited = await ana.send(ticket.id, 'version 0');
    for (let n = 1; n <= 230; n++) await ana.send(ticket.id, `word ${n}.`);
    const at = `/tickets/${ticket.id}/messages/${edited.body.id}`;
    for (let n = 1; n <= 23; n++) await ana.call('PATCH', at, { content: `version ${n}` });
    await ana.call('DELETE', `/tickets/${ticket.id}/messages/${early.body.id}`);
    const own = (await read(ana, ticket.id)).text;
    const words = [...own.matchAll(/word (\d+)\./g)].map(([, n]) => Number(n));
    expect(words).toEqual(Array.from({ length: 230 }, (_, n) => n + 1));
    expect(own).not.toContain('too early');
    expect(own.match(/version \d+/g)).toEqual(['version 23']);
    const all = (await read(kim, ticket.id)).text;
    expect(all).toContain('too early');
    expect(all).toContain('earlier versions, 3 older ones left out');
    expect(all.match(/version \d+</g)?.[0]).toBe('version 23<');
  }, 30_000);

  test('a bounded number is read at once, by one person and by all', async () => {
    const ticket = await ana.createTicket();
    const own = Array.from({ length: sizes.longAnswersOfOneAtOnce }, () =>
      takeSlot(app.ctx, 'one'),
    );
    expect(() => takeSlot(app.ctx, 'one')).toThrow('too many transcripts');
    for (const release of own) release();
    const taken = Array.from({ length: sizes.longAnswersAtOnce }, (_, n) =>
      takeSlot(app.ctx, `somebody ${n}`),
    );
    const refused = await read(ana, ticket.id);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('2');
    taken[0]?.();
    taken[0]?.();
    expect((await read(ana, ticket.id)).status).toBe(200);
    for (const release of taken) release();
  });

  test('a reader that goes away gives its place back', async () => {
    const ticket = await ana.createTicket();
    const picture = await attach(ana, ticket.id, png(2.5 * 1024 * 1024), 'large.png');
    for (let n = 0; n < 3; n++) await ana.send(ticket.id, '', { attachments: [picture] });
    const options = { headers: { authorization: `Bearer ${ana.token}` } };
    for (let n = 0; n < sizes.longAnswersAtOnce + 1; n++) {
      await new Promise<void>((resolve, reject) => {
        const call = request(app.url + pathOf(ticket.id), options, (answer) => {
          answer.once('data', () => {
            answer.destroy();
            resolve();
          });
          answer.once('error', () => undefined);
        });
        call.once('error', reject);
        call.end();
      });
    }
    await eventually(async () => expect((await read(ana, ticket.id)).status).toBe(200));
  });

  test('a reader that has gone before there is an answer gives its place back', async () => {
    const ticket = await ana.createTicket();
    const { db, store } = app.ctx;
    const { readTicketRow } = store;
    let asked = 0;
    const goOn: (() => void)[] = [];
    store.readTicketRow = async (id) => {
      asked++;
      await new Promise<void>((resolve) => goOn.push(resolve));
      return readTicketRow(id);
    };
    try {
      const options = { headers: { authorization: `Bearer ${ana.token}` } };
      for (let n = 1; n <= sizes.longAnswersOfOneAtOnce + 1; n++) {
        const call = request(app.url + pathOf(ticket.id), options);
        call.once('error', () => undefined);
        call.end();
        await eventually(() => expect(asked).toBe(n));
        call.destroy();
      }
      await db.connection.db?.admin().ping();
    } finally {
      store.readTicketRow = readTicketRow;
      for (const go of goOn) go();
    }
    await eventually(async () => expect((await read(ana, ticket.id)).status).toBe(200));
  });

  test('a reader that does not read is sent no more, and cut in the end', async () => {
    const { within } = pageLimits;
    pageLimits.within = 500;
    let made = 0;
    let isOver = false;
    async function* endless() {
      try {
        for (; ; made++) yield Buffer.alloc(1024 * 1024);
      } finally {
        isOver = true;
      }
    }
    const server = createServer((req, res) => {
      const context = { id: 'x', req, res, path: '/', query: new URLSearchParams() };
      sendPage(context, endless(), {}).catch(() => res.destroy());
    }).listen(0, '127.0.0.1');
    try {
      await once(server, 'listening');
      const call = request({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
      call.end();
      const [answer] = (await once(call, 'response')) as [IncomingMessage];
      await eventually(() => expect(isOver).toBe(true));
      // What the system's buffers take, and no more.
      expect(made).toBeLessThan(40);
      const aborted = once(answer, 'error');
      answer.resume();
      expect((await aborted)[0]).toMatchObject({ code: 'ECONNRESET' });
    } finally {
      pageLimits.within = within;
      server.close();
    }
  });
});
