import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Types } from 'mongoose';
import { type App, createApp } from '../../src/app.ts';
import { sizes } from '../../src/contract/limits.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import type { HeldLease } from '../../src/domain/consumers/lease.ts';
import { type Author, type Entry, internalLog, publicLog } from '../../src/domain/log/entry.ts';
import type { Draft } from '../../src/domain/log/pending-writes.ts';
import { readEntries } from '../../src/domain/log/reads.ts';
import { searchConsumer } from '../../src/domain/search/index-consumer.ts';
import { writeTexts } from '../../src/domain/search/postings.ts';
import { createLog } from '../../src/infra/log.ts';
import { startWorker } from '../../src/worker-role.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { quickLease } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { newPerson, type Person } from '../support/people.ts';

let app: RunningApp;
let staff: Person;
let workers: { stop(): Promise<void> }[] = [];
const apps: App[] = [];
const work = (on: App = app) => {
  const worker = startWorker(on.ctx, quickLease);
  workers.push(worker);
  return worker;
};
async function another(): Promise<App> {
  const { config } = app.ctx;
  const made = createApp(config, createLog(config), config.mongoUri as string);
  await made.ready;
  apps.push(made);
  return made;
}

beforeAll(async () => {
  app = await startApp({ SWEEP_INTERVAL_MS: '200', LOG_LEVEL: 'silent' });
  staff = newPerson(app.url, 'AGENT');
});
afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  workers = [];
});
afterAll(async () => {
  for (const each of apps) await each.close();
  await app.stop();
});

const search = (person: Person, q: string, more = '') =>
  person.call<TicketView[]>('GET', `/tickets?q=${encodeURIComponent(q)}${more}`);
const idsOf = async (person: Person, q: string, more = '') =>
  (await search(person, q, more)).body.map(({ id }) => id);
/** What the promise says: within five seconds. */
const soon = { timeout: 5000 };
const finds = (person: Person, q: string, ids: string[]) =>
  eventually(async () => expect(await idsOf(person, q)).toEqual(ids), soon);

let nth = 0;
/** A word that stands nowhere else. */
const rareWord = () => `zq${Date.now().toString(36)}${++nth}x`;
const kim: Author = { key: 'staff||kim', id: 'kim', name: 'Kim', role: 'AGENT' };

/** Writes to the internal stream as the verbs of the help desk do. */
async function appendInternal(ticketId: string, draft: (base: Omit<Draft, 'type'>) => object) {
  const id = new Types.ObjectId().toHexString();
  const base = { id, at: Date.now(), author: kim, client_id: id, origin: 'web' as const };
  const appended = await app.ctx.writer.append({
    log: internalLog(ticketId),
    entryId: id,
    author: kim,
    clientId: id,
    batchable: false,
    decide: () => ({ append: draft(base) as Draft }),
  });
  if (!('entry' in appended)) throw new Error('nothing was appended');
  return appended.entry;
}
const writeNote = (ticketId: string, content: string) =>
  appendInternal(ticketId, (base) => ({ ...base, type: 'message', content }));

describe('a search', () => {
  test('finds words of topic, description and messages, by their owner and by staff, newest first', async () => {
    work();
    const ana = newPerson(app.url);
    const [a, b, c] = [rareWord(), rareWord(), rareWord()];
    const one = await ana.createTicket({ topic: `The ${a}`, description: `It is ${b}.` });
    const two = await ana.createTicket({ description: `Again ${b}` });
    await ana.send(one.id, `And ${c}!`);
    await staff.send(two.id, `so ${c.toUpperCase()}`);
    for (const person of [ana, staff]) {
      await finds(person, a, [one.id]);
      await finds(person, b, [two.id, one.id]);
      await finds(person, c, [two.id, one.id]);
      await finds(person, `${a} ${b} ${c}`, [one.id]);
      expect(await idsOf(person, `${a} ${rareWord()}`)).toEqual([]);
    }
  });

  test.each([
    ['accents', 'Das Päckchen für Zoë', 'packchen zoe'],
    ['Japanese', '東京の倉庫から荷物', '倉庫'],
    ['Arabic', 'لم تصل الطَّـلَبيّة إلى أحمد', 'الطلبية احمد'],
    ['Turkish', 'SİPARİŞİM GELMEDİ', 'siparişim'],
  ])('finds %s', async (_, content, q) => {
    work();
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    await ana.send(ticket.id, content);
    await finds(ana, q, [ticket.id]);
  });

  test('finds an edited message by its new words alone, and a deleted one no longer', async () => {
    work();
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    const [old, shared, next] = [rareWord(), rareWord(), rareWord()];
    const first = await ana.send(ticket.id, `${old} ${shared}`);
    const other = await ana.send(ticket.id, shared);
    await finds(ana, old, [ticket.id]);
    const path = `/tickets/${ticket.id}/messages/${first.body.id}`;
    await ana.call('PATCH', path, { content: next });
    await finds(ana, next, [ticket.id]);
    expect(await idsOf(ana, old)).toEqual([]);
    expect(await idsOf(ana, shared)).toEqual([ticket.id]);
    await ana.call('DELETE', path);
    await finds(ana, next, []);
    await ana.call('DELETE', `/tickets/${ticket.id}/messages/${other.body.id}`);
    await finds(ana, shared, []);
  });

  test('finds a ticket by its new topic alone, whoever indexed the old one', async () => {
    const ana = newPerson(app.url);
    const [before, after, last] = [rareWord(), rareWord(), rareWord()];
    const ticket = await ana.createTicket({ topic: before });
    await ana.call('PATCH', `/tickets/${ticket.id}`, { topic: after });
    work();
    await finds(ana, after, [ticket.id]);
    expect(await idsOf(ana, before)).toEqual([]);
    await ana.call('PATCH', `/tickets/${ticket.id}`, { topic: last });
    await finds(ana, last, [ticket.id]);
    expect(await idsOf(ana, after)).toEqual([]);
  });

  test('finds notes for staff, and nothing by them for a customer', async () => {
    work();
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    const [noted, edited, said] = [rareWord(), rareWord(), rareWord()];
    const note = await writeNote(ticket.id, `${noted} of a note`);
    await ana.send(ticket.id, said);
    await finds(staff, noted, [ticket.id]);
    await finds(staff, `${said} ${noted}`, [ticket.id]);
    expect(await idsOf(ana, noted)).toEqual([]);
    expect(await idsOf(ana, `${said} ${noted}`)).toEqual([]);
    const { id, seq, at, author, client_id, origin } = note;
    const of = { id, seq, at, author, client_id, origin };
    await appendInternal(ticket.id, (base) => {
      return { ...base, type: 'edit', content: edited, files: [], of };
    });
    await finds(staff, edited, [ticket.id]);
    expect(await idsOf(staff, noted)).toEqual([]);
    expect(await idsOf(ana, edited)).toEqual([]);
  });

  test('never finds a customer what is not theirs', async () => {
    work();
    const [ana, eve] = [newPerson(app.url), newPerson(app.url)];
    const word = rareWord();
    const own = await ana.createTicket({ topic: word });
    const others = await eve.createTicket({ topic: word });
    await finds(staff, word, [others.id, own.id]);
    expect(await idsOf(ana, word)).toEqual([own.id]);
    expect(await idsOf(eve, word)).toEqual([others.id]);
  });

  test('goes with the other filters, and from page to page without a gap or a double', async () => {
    work();
    const ana = newPerson(app.url);
    const word = rareWord();
    const tickets: string[] = [];
    for (let n = 0; n < 7; n++) tickets.unshift((await ana.createTicket({ topic: word })).id);
    await ana.close(tickets[2] as string);
    await finds(ana, word, tickets);
    for (const person of [ana, staff]) {
      expect(await idsOf(person, word, '&status=CLOSED')).toEqual([tickets[2]]);
      const open = tickets.filter((_, index) => index !== 2);
      expect(await idsOf(person, word, '&status=OPEN')).toEqual(open);
      const seen: string[] = [];
      let path: string | undefined = `/tickets?q=${word}&limit=3`;
      let pages = 0;
      while (path) {
        const page: Awaited<ReturnType<typeof search>> = await person.call('GET', path);
        seen.push(...page.body.map(({ id }) => id));
        path = /<\/api\/v1([^>]*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
        pages++;
      }
      expect([seen, pages]).toEqual([tickets, 3]);
    }
  });

  test('finds a word of a long ticket once, and the older tickets behind it', async () => {
    const ana = newPerson(app.url);
    const word = rareWord();
    const old = await ana.createTicket({ topic: word });
    const long = await ana.createTicket();
    const sends = Array.from({ length: 700 }, (_, n) => ana.send(long.id, `${word} ${n}`));
    await Promise.all(sends);
    work();
    await eventually(async () => {
      expect(await idsOf(staff, `${word} 699`)).toEqual([long.id]);
    });
    expect(await idsOf(staff, word)).toEqual([long.id, old.id]);
    expect(await idsOf(staff, word, '&limit=1')).toEqual([long.id]);
    const rows = await app.ctx.db.search.find({ ticket: long.id }).lean();
    expect(rows.length).toBeGreaterThan(20);
    // Of 32 messages a word each, the one that all have, and those of the ticket.
    for (const { words } of rows) expect(words.length).toBeLessThanOrEqual(32 + 1 + 10);
  });

  test.each([
    ['nothing', '', 'too_short'],
    ['spaces', '   ', 'too_short'],
    ['no word', '?! …', 'no_word'],
    ['more words than are looked for', 'a b c d e f g h i j k', 'too_long'],
    ['more text than is read', 'x'.repeat(sizes.query + 1), 'too_long'],
  ])('for %s is refused', async (_, q, type) => {
    const answer = await search(staff, q);
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ location: 'q', type }] } });
  });

  test('for a word longer than is kept goes by its beginning', async () => {
    work();
    const ana = newPerson(app.url);
    const word = `${rareWord()}${'y'.repeat(100)}`;
    const ticket = await ana.createTicket({ topic: word });
    await finds(ana, word, [ticket.id]);
  });
});

describe('the index', () => {
  test('is caught up with by the next worker, and two workers write each word once', async () => {
    const ana = newPerson(app.url);
    const [before, within, after] = [rareWord(), rareWord(), rareWord()];
    const ticket = await ana.createTicket({ topic: before });
    const first = work();
    await finds(ana, before, [ticket.id]);
    for (let n = 0; n < 150; n++) void ana.send(ticket.id, `${within} ${n}`);
    await ana.send(ticket.id, within);
    await first.stop();
    await ana.send(ticket.id, after);
    work();
    work(await another());
    await finds(ana, `${before} ${within} ${after}`, [ticket.id]);
    await eventually(async () => {
      expect(await idsOf(ana, '149')).toEqual([ticket.id]);
      const rows = await app.ctx.db.search.find({ ticket: ticket.id }).lean();
      for (const { words } of rows) expect(new Set(words).size).toBe(words.length);
    });
  });

  const readLog = async (ticketId: string) => {
    const { store, db } = app.ctx;
    const { seq: upTo } = await store.readHead(publicLog(ticketId));
    return readEntries(db, publicLog(ticketId), { after: 0, upTo, limit: 100 });
  };
  const index = async (entries: readonly Entry[]) =>
    searchConsumer.handleBatch?.(app.ctx, entries, {} as HeldLease);
  const rowsOf = async (ticketId: string) => {
    const rows = await app.ctx.db.search.find({ ticket: ticketId }).sort({ _id: 1 }).lean();
    return rows.map(({ _id, words, revs }) => ({ _id, words: words.toSorted(), revs }));
  };

  test('is the same where a killed worker does again what it had written, and where a text changes in it', async () => {
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    const [kept, gone, put] = [rareWord(), rareWord(), rareWord()];
    const sent: string[] = [];
    for (let n = 0; n < 70; n++) {
      const { body } = await ana.send(ticket.id, n === 40 ? gone : `${kept} ${n}`);
      sent.push(body.id);
    }
    const before = await readLog(ticket.id);
    await index(before);
    const once = await rowsOf(ticket.id);
    expect(once).toHaveLength(3);
    expect(await idsOf(ana, `${kept} 69`)).toEqual([ticket.id]);
    await index(before);
    expect(await rowsOf(ticket.id)).toEqual(once);
    await ana.call('PATCH', `/tickets/${ticket.id}/messages/${sent[40]}`, { content: put });
    const edited = await readLog(ticket.id);
    await index(edited);
    expect(await idsOf(ana, gone)).toEqual([]);
    expect(await idsOf(ana, `${put} ${kept} 69`)).toEqual([ticket.id]);
    const afterwards = await rowsOf(ticket.id);
    // What comes late and alone takes nothing back.
    await index(before);
    await index(edited.slice(-1));
    for (const entry of before.slice(38, 43))
      await searchConsumer.handle(app.ctx, entry, {} as HeldLease);
    expect(await rowsOf(ticket.id)).toEqual(afterwards);
  });

  test('takes no words away by a log that is shown without the newest entry its row has', async () => {
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    const [first, next] = [rareWord(), rareWord()];
    await ana.send(ticket.id, first);
    const log = publicLog(ticket.id);
    const [message] = (await readLog(ticket.id)) as [Entry];
    await index([message]);
    const before = await rowsOf(ticket.id);
    // As a primary that lags behind shows it: the edit it is told of is not there yet.
    const texts = new Map([[message.seq, { rev: message.seq + 1, text: next }]]);
    await expect(writeTexts(app.ctx, { log, block: 0, texts })).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    const topic = new Map([['topic' as const, { rev: message.seq, text: next }]]);
    await expect(writeTexts(app.ctx, { log, block: 0, texts: topic })).rejects.toMatchObject({
      code: 'SERVICE_UNAVAILABLE',
    });
    expect(await rowsOf(ticket.id)).toEqual(before);
  });

  test('keeps the words of a row of an earlier version, until a text of it changes', async () => {
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket({ topic: 'A parcel', description: 'lost' });
    const [first, second, put] = [rareWord(), rareWord(), rareWord()];
    const { body } = await ana.send(ticket.id, first);
    await ana.call('PATCH', `/tickets/${ticket.id}/messages/${body.id}`, { content: second });
    const [message, edit] = (await readLog(ticket.id)) as [Entry, Entry];
    // As they were: of each text its words, too.
    const texts = {
      topic: { rev: 0, words: 'a parcel' },
      description: { rev: 0, words: 'lost' },
      [String(message.seq)]: { rev: edit.seq, words: second },
    };
    await app.ctx.db.search.collection.insertOne({
      _id: `${ticket.id} 0`,
      ticket: new Types.ObjectId(ticket.id),
      stream: 'public',
      words: ['a', 'parcel', 'lost', second],
      texts,
      version: new Types.ObjectId(),
    } as never);
    const [row] = await rowsOf(ticket.id);
    await index([message, edit]);
    await searchConsumer.handle(app.ctx, message, {} as HeldLease);
    expect(await rowsOf(ticket.id)).toEqual([row]);
    await ana.call('PATCH', `/tickets/${ticket.id}/messages/${body.id}`, { content: put });
    await index(await readLog(ticket.id));
    const [changed] = await app.ctx.db.search.find({ ticket: ticket.id }).lean();
    expect(changed?.words.toSorted()).toEqual(['a', 'lost', 'parcel', put].toSorted());
    expect(changed).not.toHaveProperty('texts');
    expect(changed?.revs).toMatchObject({ topic: 0, [String(message.seq)]: edit.seq + 1 });
  });
});
