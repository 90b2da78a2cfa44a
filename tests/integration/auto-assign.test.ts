import { afterEach, expect, test } from '@jest/globals';
import type { TicketView } from '../../src/contract/tickets.ts';
import { listPresentAgents } from '../../src/domain/agents/agents.ts';
import { autoAssignment } from '../../src/domain/tickets/auto-assign.ts';
import { startWorker } from '../../src/worker-role.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { eventually } from '../support/eventually.ts';
import { freshDatabaseName } from '../support/mongo.ts';
import { type Listener, listenAt, newPerson, type Person } from '../support/people.ts';
import { upTo } from '../support/sound-log.ts';

const open: { stop(): Promise<void> }[] = [];
const sockets: Listener[] = [];
afterEach(async () => {
  for (const { socket } of sockets.splice(0)) socket.close();
  for (const one of open.splice(0).toReversed()) await one.stop();
});

/** Two servers and two workers on one database; of the workers one works at a time. */
async function startDesk(rule: string): Promise<RunningApp> {
  const env = { DB_NAME: freshDatabaseName(), AUTO_ASSIGN: rule, SWEEP_INTERVAL_MS: '200' };
  const [one, two] = [await startApp(env), await startApp(env)];
  open.push(one, { stop: () => two.stopServer().then(() => two.close()) });
  open.push(startWorker(one.ctx), startWorker(two.ctx));
  return one;
}

async function present(app: RunningApp, count: number, skills?: string[]): Promise<Person[]> {
  const agents = upTo(count).map(() => newPerson(app.url, 'AGENT'));
  for (const agent of agents) {
    if (skills) await agent.call('PATCH', '/agents/me', { skills });
    const socket = listenAt(app.url);
    sockets.push(socket);
    await socket.ask('authorize', { token: agent.token });
  }
  return agents;
}

const read = async (person: Person, id: string) =>
  (await person.call<TicketView>('GET', `/tickets/${id}`)).body;

test.each(['least_loaded', 'round_robin'])(
  '%s: under load everybody gets the same share, each ticket one',
  async (rule) => {
    const app = await startDesk(rule);
    const agents = await present(app, 3);
    await eventually(async () =>
      expect(
        (await agents[0]?.call<{ presence: string }[]>('GET', '/agents'))?.body.filter(
          ({ presence }) => presence === 'online',
        ),
      ).toHaveLength(3),
    );
    const ana = newPerson(app.url);
    const tickets = await Promise.all(upTo(12).map(() => ana.createTicket()));
    const shares = new Map<string, number>();
    await eventually(async () => {
      shares.clear();
      for (const { id } of tickets) {
        const { assigned_to, status, last_seq } = await read(ana, id);
        expect({ status, last_seq }).toEqual({ status: 'ASSIGNED', last_seq: 1 });
        shares.set(assigned_to as string, (shares.get(assigned_to as string) ?? 0) + 1);
      }
    });
    expect([...shares.values()]).toEqual([4, 4, 4]);
    expect([...shares.keys()].toSorted()).toEqual(agents.map(({ id }) => id).toSorted());
  },
);

test('skills decide who fits; what nobody fits waits, and holds up no other', async () => {
  const app = await startDesk('least_loaded');
  const [technician] = (await present(app, 1, ['TECHNICAL'])) as [Person];
  const ana = newPerson(app.url);
  const general = await ana.createTicket();
  const technical = await ana.createTicket({ category: 'TECHNICAL' });
  await eventually(async () =>
    expect(await read(ana, technical.id)).toMatchObject({ assigned_to: technician.id }),
  );
  expect(await read(ana, general.id)).toMatchObject({ status: 'OPEN', assigned_to: null });
});

test('one look gives out what somebody fits, the oldest first, however much lies before it that nobody does', async () => {
  const app = await startApp({ AUTO_ASSIGN: 'least_loaded' });
  open.push(app);
  const [technician] = (await present(app, 1, ['TECHNICAL'])) as [Person];
  const ana = newPerson(app.url);
  const look = (data: unknown) =>
    autoAssignment['assign-tickets']?.run(app.ctx, { data } as never, new AbortController().signal);
  await eventually(async () =>
    expect(await listPresentAgents(app.ctx, 'TECHNICAL')).toHaveLength(1),
  );
  await Promise.all(upTo(60).map(() => ana.createTicket()));
  const technical: string[] = [];
  for (const _ of upTo(21)) technical.push((await ana.createTicket({ category: 'TECHNICAL' })).id);
  const next = await look({});
  const assigned = async () => {
    const { body } = await technician.call<TicketView[]>(
      'GET',
      '/tickets?assigned_to=me&limit=100',
    );
    return body.map(({ id }) => id).reverse();
  };
  expect(await assigned()).toEqual(technical.slice(0, 20));
  expect(next).toMatchObject({ again: 0 });
  expect(await look(next?.data)).toMatchObject({ again: expect.any(Number), data: {} });
  expect(await assigned()).toEqual(technical);
});

test('"auto" assigns whatever the setting says; where nobody is present it is 409', async () => {
  const app = await startApp();
  open.push(app);
  const root = newPerson(app.url, 'ADMIN');
  const ana = newPerson(app.url);
  const ticket = await ana.createTicket();
  const assign = () => root.call('POST', `/tickets/${ticket.id}/assign`, { assigned_to: 'auto' });
  expect((await assign()).status).toBe(409);
  const [kim] = (await present(app, 1)) as [Person];
  await eventually(async () => expect(await assign()).toMatchObject({ status: 200 }));
  expect(await read(ana, ticket.id)).toMatchObject({ status: 'ASSIGNED', assigned_to: kim.id });
});

test('"auto" on a ticket that has ended says so, and takes nobody’s turn', async () => {
  const app = await startApp({ AUTO_ASSIGN: 'round_robin' });
  open.push(app);
  const root = newPerson(app.url, 'ADMIN');
  const ticket = await newPerson(app.url).createTicket();
  await root.close(ticket.id);
  const assign = (id: string) =>
    root.call('POST', `/tickets/${id}/assign`, { assigned_to: 'auto' });
  const ended = { status: 409, body: { message: 'the ticket is closed' } };
  expect(await assign(ticket.id)).toMatchObject(ended);
  await present(app, 2);
  const waiting = await newPerson(app.url).createTicket();
  await eventually(async () => expect((await assign(waiting.id)).status).toBe(200));
  const readTurn = () => app.ctx.db.connection.collection('settings').findOne({});
  const before = await readTurn();
  expect(before).not.toBeNull();
  expect(await assign(ticket.id)).toMatchObject(ended);
  expect(await readTurn()).toEqual(before);
});
