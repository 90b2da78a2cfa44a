import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MessageView } from '../../src/contract/messages.ts';
import { type Actor, userKey } from '../../src/domain/access/actor.ts';
import { editMessage } from '../../src/domain/messages/change.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { createTicket } from '../../src/domain/tickets/create.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { type Listener, listenAt, newPerson } from '../support/people.ts';

let app: RunningApp;
const open: Listener[] = [];

beforeAll(async () => {
  app = await startApp();
});
afterAll(async () => {
  for (const { socket } of open) socket.disconnect();
  await app.stop();
});

async function listen(token: string): Promise<Listener> {
  const listener = listenAt(app.url, { auth: { token } });
  open.push(listener);
  await eventually(() => expect(listener.events('authorized')).toHaveLength(1));
  return listener;
}

describe('a customer and a member of staff with one id', () => {
  test('are different people: neither edits, deletes or repeats what the other wrote', async () => {
    const ana = newPerson(app.url, 'CUSTOMER', { id: 'one-id' });
    const kim = newPerson(app.url, 'AGENT', { id: 'one-id' });
    const ticket = await ana.createTicket();
    const { body: answer } = await kim.send(ticket.id, 'from staff', { client_id: 'c' });
    const path = `/tickets/${ticket.id}/messages`;
    expect((await ana.call('PATCH', `${path}/${answer.id}`, { content: 'forged' })).status).toBe(
      403,
    );
    expect((await ana.call('DELETE', `${path}/${answer.id}`)).status).toBe(403);
    const { status, body: own } = await ana.send(ticket.id, 'from the customer', {
      client_id: 'c',
    });
    expect(status).toBe(201);
    expect((await kim.call('PATCH', `${path}/${own.id}`, { content: 'forged' })).status).toBe(403);
    expect((await ana.list(ticket.id)).body.map(({ content }) => content)).toEqual([
      'from staff',
      'from the customer',
    ]);
  });

  test('do not own each other’s tickets', async () => {
    const kim = newPerson(app.url, 'AGENT', { id: 'owner-id' });
    const ana = newPerson(app.url, 'CUSTOMER', { id: 'owner-id' });
    const ticket = await kim.createTicket();
    expect((await ana.call('GET', `/tickets/${ticket.id}`)).status).toBe(404);
    expect((await ana.call('GET', '/tickets')).body).toEqual([]);
  });

  test('but a guest who becomes a customer keeps tickets and messages', async () => {
    const guest = newPerson(app.url, 'TEMP_USER', { id: 'grown-up' });
    const ticket = await guest.createTicket();
    const { body: message } = await guest.send(ticket.id, 'as a guest');
    const customer = newPerson(app.url, 'CUSTOMER', { id: 'grown-up' });
    const edited = await customer.call<MessageView>(
      'PATCH',
      `/tickets/${ticket.id}/messages/${message.id}`,
      { content: 'as a customer' },
    );
    expect(edited).toMatchObject({ status: 200, body: { content: 'as a customer' } });
  });
});

describe('somebody who answers in Discord', () => {
  const id = '300000000000000001';
  const staff = (who: string): Actor => ({
    key: userKey('staff', who, 'discord'),
    id: who,
    username: 'Kim',
    email: null,
    role: 'AGENT',
    origin: 'discord',
  });

  test('has one opaque id for customers everywhere, and the real one for staff', async () => {
    const ana = newPerson(app.url);
    const kim = newPerson(app.url, 'AGENT');
    const ticket = await ana.createTicket();
    const [customer, agent] = await Promise.all([listen(ana.token), listen(kim.token)]);
    await sendMessage(app.ctx, staff(id), ticket.id, { content: 'hello' });
    await sendMessage(app.ctx, staff('300000000000000002'), ticket.id, { content: 'me too' });
    const by = { key: userKey('staff', id, 'discord'), id, name: 'Kim', role: 'AGENT' as const };
    app.ctx.bus.publish({ kind: 'typing', ticket_id: ticket.id, owner: ana.id, by });
    await eventually(() => {
      for (const listener of [customer, agent]) {
        expect(listener.events('message')).toHaveLength(2);
        expect(listener.events('typing')).toHaveLength(1);
      }
    });
    const [first, second] = (await ana.list(ticket.id)).body;
    expect(first?.author_id).toMatch(/^staff-[\w-]{22}$/);
    expect(second?.author_id).not.toBe(first?.author_id);
    expect(customer.events('message')[0].author_id).toBe(first?.author_id);
    expect(customer.events('typing')[0].user_id).toBe(first?.author_id);
    const synced = await customer.ask('sync', { ticket_id: ticket.id, after: 0 });
    expect(synced.messages[0].author_id).toBe(first?.author_id);
    expect(JSON.stringify([customer.received, synced])).not.toContain(id);
    expect((await kim.list(ticket.id)).body[0]?.author_id).toBe(id);
    expect(agent.events('message')[0].author_id).toBe(id);
    expect(agent.events('typing')[0].user_id).toBe(id);
  });
});

describe('the rules of texts', () => {
  test('hold for every door, since the verbs ask them', async () => {
    const ana = newPerson(app.url);
    const ticket = await ana.createTicket();
    const id = '300000000000000003';
    const kim: Actor = {
      key: userKey('staff', id, 'discord'),
      id,
      username: 'Kim',
      email: null,
      role: 'AGENT',
      origin: 'discord',
    };
    const { message } = await sendMessage(app.ctx, kim, ticket.id, { content: 'hello' });
    const { ctx } = app;
    for (const bad of ['', '\u200b\u2060', 'a\ud800', 'x'.repeat(4001)]) {
      const attempts: [string, () => Promise<unknown>][] = [
        ['content', () => sendMessage(ctx, kim, ticket.id, { content: bad })],
        ['content', () => editMessage(ctx, kim, ticket.id, message.id, { content: bad })],
        ['topic', () => updateTicket(ctx, kim, ticket.id, { topic: bad })],
        ['assigned_to', () => updateTicket(ctx, kim, ticket.id, { assigned_to: bad })],
        ['reason', () => closeTicket(ctx, kim, ticket.id, { reason: bad })],
        ['topic', () => createTicket(ctx, kim, { topic: bad, description: 'd' })],
        ['description', () => createTicket(ctx, kim, { topic: 't', description: bad })],
      ];
      for (const [location, attempt] of attempts) {
        await expect(attempt()).rejects.toMatchObject({
          code: 'BAD_REQUEST',
          details: { errors: [{ location, in: 'body' }] },
        });
      }
    }
    expect(await ana.call('GET', `/tickets/${ticket.id}`)).toMatchObject({
      body: { status: 'IN_PROGRESS', topic: ticket.topic, assignee: { name: 'Kim' }, last_seq: 2 },
    });
  });
});
