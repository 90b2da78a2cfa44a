import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { endpoints } from '../../src/contract/endpoints.ts';
import type { ErrorBody } from '../../src/contract/errors.ts';
import { clientEvents } from '../../src/contract/events.ts';
import type { UserRole } from '../../src/contract/identity.ts';
import { startWorker } from '../../src/worker-role.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { quickLease } from '../support/bridge.ts';
import { eventually } from '../support/eventually.ts';
import { listenAt, newPerson, type Person } from '../support/people.ts';
import {
  type EndpointName,
  MALFORMED,
  MISSING,
  type OtherRow,
  otherRows,
  socketRows,
  type TicketRow,
  type TicketTarget,
  ticketRows,
} from '../support/permission-rows.ts';

const roles = ['TEMP_USER', 'CUSTOMER', 'AGENT', 'ADMIN'] as const satisfies UserRole[];
const places = ['own', "other's", 'missing', 'malformed'] as const;
type Role = (typeof roles)[number];
type Place = (typeof places)[number];

const codes: Record<number, string> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
};

let app: RunningApp;
let admin: Person;
/** Sums up what the reports are read from. */
let worker: { stop(): Promise<void> };

beforeAll(async () => {
  app = await startApp();
  worker = startWorker(app.ctx, quickLease);
  admin = newPerson(app.url, 'ADMIN');
  // Staff become known by what they do.
  await admin.call('GET', '/tickets');
  const known = () => admin.call<{ id: string }[]>('GET', '/agents');
  await eventually(async () =>
    expect((await known()).body.map(({ id }) => id)).toContain(admin.id),
  );
  await eventually(async () =>
    expect(await admin.call('GET', '/statistics/dashboard')).toMatchObject({ status: 200 }),
  );
});
afterAll(async () => {
  await worker.stop();
  await app.stop();
});

const endpointOf = ({ name }: { name: string }) => name.split(':')[0] as EndpointName;
const columnOf = (role: Role) =>
  role === 'AGENT' ? 'agent' : role === 'ADMIN' ? 'admin' : 'customer';

/** A path with what stands in it; what is not given is the missing one. */
function fill(path: string, params: Record<string, string>): string {
  return path.replace(/:(\w+)/g, (_, name) => params[name] ?? MISSING);
}

async function request(
  row: TicketRow | OtherRow,
  params: Record<string, string>,
  caller: Person | undefined,
): Promise<{ status: number; body: ErrorBody }> {
  const { method, path } = endpoints[endpointOf(row)];
  const given =
    typeof row.body === 'function' ? row.body({ caller: caller ?? admin, admin }) : row.body;
  const body = given === undefined || given instanceof FormData ? given : JSON.stringify(given);
  const answer = await fetch(`${app.url}${fill(path, params)}${row.query ?? ''}`, {
    method,
    headers: {
      ...(caller && { authorization: `Bearer ${caller.token}` }),
      ...(typeof body === 'string' && { 'content-type': 'application/json' }),
    },
    redirect: 'manual',
    ...(body !== undefined && { body }),
  });
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.startsWith('application/json');
  return { status: answer.status, body: isJson ? JSON.parse(text) : {} };
}

function expectRefusal({ status, body }: { status: number; body: ErrorBody }): void {
  if (status < 400) return;
  expect(body).toEqual({
    error: codes[status],
    message: expect.stringMatching(/./),
    ...(status === 400 && { errors: expect.any(Array) }),
  });
}

async function buildTarget(
  place: Place,
  caller: Person,
  isWritten: boolean,
): Promise<TicketTarget> {
  const all = (id: string) => ({ ticketId: id, mine: id, theirs: id, myNote: id, theirNote: id });
  if (place === 'missing') return all(MISSING);
  if (place === 'malformed') return all(MALFORMED);
  const owner = place === 'own' ? caller : newPerson(app.url);
  const { id: ticketId } = await owner.createTicket();
  if (!isWritten) return { ...all(MISSING), ticketId };
  const [mine, theirs] = [await caller.send(ticketId, 'x'), await admin.send(ticketId, 'x')];
  const note = (by: Person) =>
    by.call<{ id?: string }>('POST', `/tickets/${ticketId}/notes`, { content: 'hm' });
  const [myNote, theirNote] = await Promise.all([note(caller), note(admin)]);
  return {
    ticketId,
    mine: mine.body?.id ?? MISSING,
    theirs: theirs.body.id,
    myNote: myNote.body.id ?? MISSING,
    theirNote: theirNote.body.id as string,
  };
}

/** Every role in every place at once, as lines that show where the table is wrong. */
async function inEveryPlace<T>(
  each: (place: Place, role: Role) => Promise<T>,
  among: readonly Place[] = places,
): Promise<Record<string, string>> {
  const lines = roles.map(async (role) => {
    const found = await Promise.all(among.map((place) => each(place, role)));
    return [role, found.join(' ')];
  });
  return Object.fromEntries(await Promise.all(lines));
}

function expectedOf(row: { customer: string; agent: string; admin: string }) {
  return Object.fromEntries(roles.map((role) => [role, row[columnOf(role)]]));
}

describe('on a ticket, by REST', () => {
  test.each(ticketRows)('$name', async (row) => {
    const found = await inEveryPlace(async (place, role) => {
      const caller = newPerson(app.url, role);
      const target = await buildTarget(place, caller, row.params !== undefined);
      const params = { ticketId: target.ticketId, ...row.params?.(target) };
      const answer = await request(row, params, caller);
      expectRefusal(answer);
      return answer.status;
    });
    expect(found).toEqual(expectedOf(row));
    const unknown = await request(row, { ticketId: MISSING }, undefined);
    expectRefusal(unknown);
    expect(unknown.status).toBe(401);
  });
});

describe('on a ticket, by socket', () => {
  test.each(socketRows)('$name', async ({ event, input, ...row }) => {
    const among = ['own', "other's", 'missing'] as const;
    const found = await inEveryPlace(async (place, role) => {
      const caller = newPerson(app.url, role);
      const target = await buildTarget(place, caller, input !== undefined);
      const listener = listenAt(app.url, { auth: { token: caller.token } });
      try {
        await eventually(() => expect(listener.events('authorized')).toHaveLength(1));
        const ack = await listener.ask(event, { ticket_id: target.ticketId, ...input?.(target) });
        return ack.ok ? 'ok' : ack.error;
      } finally {
        listener.socket.close();
      }
    }, among);
    expect(found).toEqual(expectedOf(row));
  });
});

describe('without a ticket', () => {
  test.each(otherRows)('$name', async (row) => {
    const callers = () => [
      undefined,
      newPerson(app.url, 'CUSTOMER'),
      newPerson(app.url, 'AGENT'),
      newPerson(app.url, 'ADMIN'),
    ];
    const askAll = async (make: () => Promise<Record<string, string>>) => {
      const statuses: number[] = [];
      // One after the other: some of these change what all have.
      for (const caller of callers()) {
        const answer = await request(row, await make(), caller);
        expectRefusal(answer);
        statuses.push(answer.status);
      }
      return statuses.join(' ');
    };
    expect(await askAll(async () => row.make?.(admin) ?? {})).toBe(row.statuses);
    if (row.missing) expect(await askAll(async () => ({}))).toBe(row.missing);
  });
});

test('no endpoint and no event is left out of the tables', () => {
  const asked = new Set([...ticketRows, ...otherRows].map(endpointOf));
  const withToken = Object.entries(endpoints).filter(([, { auth }]) => auth === 'token');
  expect(withToken.map(([name]) => name).filter((name) => !asked.has(name as never))).toEqual([]);
  const said = new Set<string>(socketRows.map(({ event }) => event));
  const events = Object.keys(clientEvents).filter((name) => name !== 'authorize');
  expect(events.filter((name) => !said.has(name))).toEqual([]);
});

test('lists show a customer the own tickets only, and staff everybody’s', async () => {
  const [ana, ben] = [newPerson(app.url), newPerson(app.url, 'CUSTOMER')];
  const [of, other] = [await ana.createTicket(), await ben.createTicket()];
  const idsOf = async (person: Person) =>
    (await person.call<{ id: string }[]>('GET', '/tickets')).body.map(({ id }) => id);
  expect(await idsOf(ana)).toEqual([of.id]);
  expect(await idsOf(ben)).toEqual([other.id]);
  expect(await idsOf(newPerson(app.url, 'AGENT'))).toEqual(
    expect.arrayContaining([of.id, other.id]),
  );
});

test('the same id from another issuer is another person', async () => {
  const shop = newPerson(app.url, 'CUSTOMER', { id: 'same-id', iss: 'https://shop.example' });
  const blog = newPerson(app.url, 'CUSTOMER', { id: 'same-id', iss: 'https://blog.example' });
  const bare = newPerson(app.url, 'CUSTOMER', { id: 'same-id' });
  const forged = newPerson(app.url, 'CUSTOMER', { id: 'https://shop.example|same-id' });
  const shifted = newPerson(app.url, 'CUSTOMER', { id: 'x|same-id', iss: 'https://shop.example' });
  const ticket = await shop.createTicket();
  const deeper = await shifted.createTicket();
  const glued = newPerson(app.url, 'CUSTOMER', { id: 'same-id', iss: 'https://shop.example|x' });
  expect((await shop.call('GET', `/tickets/${ticket.id}`)).status).toBe(200);
  for (const person of [blog, bare, forged]) {
    expect((await person.call('GET', `/tickets/${ticket.id}`)).status).toBe(404);
  }
  expect((await glued.call('GET', `/tickets/${deeper.id}`)).status).toBe(404);
});

test('a message of another ticket is missing under this one', async () => {
  const ana = newPerson(app.url);
  const [first, second] = [await ana.createTicket(), await ana.createTicket()];
  const { body: message } = await ana.send(first.id, 'in the first');
  const path = `/tickets/${second.id}/messages/${message.id}`;
  expect((await ana.call('PATCH', path, { content: 'x' })).status).toBe(404);
  expect((await ana.call('DELETE', path)).status).toBe(404);
  expect((await ana.list(first.id)).body).toMatchObject([{ content: 'in the first' }]);
});
