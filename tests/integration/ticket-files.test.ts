import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Types } from 'mongoose';
import type { FileView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { collectFiles } from '../../src/domain/files/collect.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { newPerson, type Person } from '../support/people.ts';
import { countedUsage, laterBy, storedFiles, uploadTo } from '../support/uploads.ts';

const DAY = 24 * 3_600_000;

let app: RunningApp;
let ana: Person;
let ben: Person;
let kim: Person;

beforeAll(async () => {
  app = await startApp({ MAX_UPLOAD_BYTES_PER_TICKET: '1000000' });
  ana = newPerson(app.url, 'CUSTOMER');
  ben = newPerson(app.url, 'CUSTOMER');
  kim = newPerson(app.url, 'AGENT');
});
afterAll(() => app.stop());

async function upload(person: Person, text = 'hello'): Promise<string> {
  const form = new FormData();
  form.set('file', new Blob([text]), 'a.txt');
  const answer = await fetch(`${app.url}/api/v1/attachments`, {
    method: 'POST',
    headers: { authorization: `Bearer ${person.token}` },
    body: form,
  });
  expect(answer.status).toBe(201);
  return ((await answer.json()) as FileView).id;
}

async function postForm<T = TicketView>(person: Person, form: FormData) {
  const answer = await fetch(`${app.url}/api/v1/tickets`, {
    method: 'POST',
    headers: { authorization: `Bearer ${person.token}` },
    body: form,
  });
  return { status: answer.status, body: (await answer.json()) as T };
}

function formOf(texts: Record<string, string>, files: string[] = []): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(texts)) form.append(name, value);
  for (const text of files) form.append('files[]', new Blob([text]), `${text}.txt`);
  return form;
}

const open = (person: Person, attachments: string[], more: object = {}) =>
  person.call<TicketView>('POST', '/tickets', {
    topic: 'T',
    description: 'D',
    attachments,
    ...more,
  });

const download = (person: Person, id: string) =>
  fetch(`${app.url}/api/v1/attachments/${id}/download/`, {
    headers: { authorization: `Bearer ${person.token}` },
    redirect: 'manual',
  });

const expectCounted = async () => {
  const { counted, stored } = await countedUsage(app.ctx);
  expect(stored).toEqual(counted);
};

describe('files uploaded before there is a ticket', () => {
  test('when a ticket is opened with them, then it has them, they count for it and stay', async () => {
    const ids = [await upload(ana, 'one'), await upload(ana, 'two')];
    const { status, body } = await open(ana, ids);
    expect(status).toBe(201);
    expect(body.files.map(({ id }) => id)).toEqual(ids);
    expect(await (await fetch(body.files[1]?.url as string)).text()).toBe('two');
    await expectCounted();
    await collectFiles(laterBy(app.ctx, 10 * DAY), 100);
    expect(await (await fetch(body.files[0]?.url as string)).text()).toBe('one');
    const shown = await kim.call<TicketView>('GET', `/tickets/${body.id}`);
    expect(shown.body.files).toHaveLength(2);
  });

  test('when nobody names them for a day, then they are removed', async () => {
    const id = await upload(ana);
    await collectFiles(app.ctx, 100);
    expect((await storedFiles(app.ctx)).files).toContain(id);
    await collectFiles(laterBy(app.ctx, DAY + 1000), 100);
    expect((await storedFiles(app.ctx)).files).not.toContain(id);
    await expectCounted();
  });

  test('when a message names one, then it is the ticket’s from then on', async () => {
    const { id: ticketId } = await ana.createTicket();
    const id = await upload(ana);
    const sent = await ana.send(ticketId, '', { attachments: [id] });
    expect(sent).toMatchObject({ status: 201, body: { files: [{ id }] } });
    expect((await open(ana, [id])).status).toBe(400);
    await expectCounted();
  });

  test('when the request is repeated, then there is one ticket with the files', async () => {
    const id = await upload(ana);
    const again = { client_id: 'with-files' };
    const [first, second] = [await open(ana, [id], again), await open(ana, [id], again)];
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.body).toMatchObject({ id: first.body.id, files: [{ id }] });
  });

  test('when they are somebody else’s, another ticket’s, used or missing, then nothing is opened', async () => {
    const { id: ticketId } = await ana.createTicket();
    const used = await upload(ana);
    await open(ana, [used]);
    const { body: inTicket } = await uploadTo(app.url, ana.token, ticketId, 'x');
    const before = await app.ctx.db.tickets.countDocuments();
    for (const wrong of [await upload(ben), inTicket.id, used, 'f'.repeat(24)]) {
      const own = await upload(ana);
      expect(await open(ana, [own, wrong])).toMatchObject({
        status: 400,
        body: { errors: [{ location: 'attachments.1', type: 'unknown_file' }] },
      });
    }
    expect(await app.ctx.db.tickets.countDocuments()).toBe(before);
    const many = Array.from({ length: 11 }, () => 'f'.repeat(24));
    expect((await open(ana, many)).status).toBe(400);
  });

  test('when two tickets are opened with one file at once, then one of them has it', async () => {
    const id = await upload(ana);
    const answers = await Promise.all([open(ana, [id]), open(ana, [id])]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 400]);
    await expectCounted();
  });

  test('when they are more than a ticket may have, then it is refused and nothing is used', async () => {
    const big = 'x'.repeat(600_000);
    const ids = [await upload(kim, big), await upload(kim, big), await upload(kim, 'more')];
    expect((await open(kim, ids)).status).toBe(413);
    expect((await open(kim, ids.slice(0, 1))).status).toBe(201);
    await expectCounted();
  });
});

describe('POST /tickets as a form', () => {
  test('when it has texts and files, by the names of sibling systems, then the ticket has them', async () => {
    const texts = {
      subject: 'Application Error',
      description: 'It crashes',
      category: 'technical',
      sub_category: '',
      scheduled_date: '2026-12-24',
      priority: 'high',
      context: '{"page":"/cart"}',
    };
    const { status, body } = await postForm(kim, formOf(texts, ['one', 'two']));
    expect(status).toBe(201);
    expect(body).toMatchObject({
      topic: 'Application Error',
      category: 'TECHNICAL',
      sub_category: null,
      scheduled_date: '2026-12-24',
      priority: 'HIGH',
      context: { page: '/cart' },
      files: [{ name: 'one.txt' }, { name: 'two.txt' }],
    });
    await expectCounted();
  });

  test('when a text is wrong, then the same error comes as for JSON, and the files go', async () => {
    const before = (await storedFiles(app.ctx)).files.length;
    const answer = await postForm(ana, formOf({ description: 'D' }, ['one']));
    expect(answer).toMatchObject({
      status: 400,
      body: { errors: [{ location: 'topic', type: 'required', in: 'body' }] },
    });
    await collectFiles(app.ctx, 100);
    expect((await storedFiles(app.ctx)).files).toHaveLength(before);
  });

  test('when it has too many files, or one without a byte, then it is refused', async () => {
    const texts = { topic: 'T', description: 'D' };
    const eleven = Array.from({ length: 11 }, (_, n) => `f${n}`);
    expect((await postForm(ana, formOf(texts, eleven))).status).toBe(413);
    const empty = formOf(texts);
    empty.append('files[]', new Blob([]), 'empty.txt');
    expect((await postForm(ana, empty)).status).toBe(400);
    expect((await postForm(ana, formOf({ ...texts, context: 'x'.repeat(70_000) }))).status).toBe(
      413,
    );
    await collectFiles(app.ctx, 100);
    await expectCounted();
  });
});

describe('GET /attachments/:id/download', () => {
  test('when whoever may see the file asks, then they are led to its link; nobody else', async () => {
    const id = await upload(ana, 'mine');
    expect((await download(ana, id)).status).toBe(302);
    for (const other of [ben, kim]) expect((await download(other, id)).status).toBe(404);
    await open(ana, [id]);
    const found = await download(kim, id);
    expect(found.status).toBe(302);
    expect(await (await fetch(found.headers.get('location') as string)).text()).toBe('mine');
    expect((await download(ana, id)).status).toBe(302);
    const [hidden, missing] = [await download(ben, id), await download(ben, 'f'.repeat(24))];
    expect([hidden.status, missing.status]).toEqual([404, 404]);
    expect(await hidden.json()).toEqual(await missing.json());
  });

  test('when only a note has the file, then the customer is not led to it', async () => {
    const { id: ticketId } = await ana.createTicket();
    const { body } = await uploadTo(app.url, kim.token, ticketId, 'planted');
    expect((await download(ana, body.id)).status).toBe(404);
    await app.ctx.db.storedFiles.updateOne(
      { _id: new Types.ObjectId(body.id) },
      { $set: { holders: [{ stream: 'internal', client_id: 'a-note' }] } },
    );
    expect((await download(ana, body.id)).status).toBe(404);
  });
});

describe('tickets that staff open for a customer', () => {
  test('when the profile has a user, then it is theirs; when it has none or is unknown, 400', async () => {
    const profile = (more: object) =>
      kim.call<{ id: string }>('POST', '/customers', {
        first_name: 'Ana',
        last_name: 'Lee',
        ...more,
      });
    const { body: joined } = await profile({ email: 'ana@lee.example', user_id: ana.id });
    const { body: alone } = await profile({ email: 'alone@lee.example' });
    for (const who of [{ customer_id: joined.id }, { customer_email: 'Ana@Lee.example' }]) {
      const { status, body } = await open(kim, [], who);
      expect({ status, user: body.user_id }).toEqual({ status: 201, user: ana.id });
      expect((await ana.call('GET', `/tickets/${body.id}`)).status).toBe(200);
    }
    const wrong = [
      { customer_id: alone.id },
      { customer_id: 'f'.repeat(24) },
      { customer_email: 'nobody@lee.example' },
    ];
    for (const who of wrong) expect((await open(kim, [], who)).status).toBe(400);
    const { body: own } = await open(ben, [], { customer_email: 'ana@lee.example' });
    expect(own.user_id).toBe(ben.id);
    const listed = await kim.call<TicketView[]>('GET', `/tickets?customer_id=${joined.id}`);
    expect(new Set(listed.body.map(({ user_id }) => user_id))).toEqual(new Set([ana.id]));
    expect((await ana.call('GET', `/tickets?customer_id=${joined.id}`)).status).toBe(400);
  });
});
