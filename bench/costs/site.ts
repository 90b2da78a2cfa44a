import { type Connection, createConnection } from 'mongoose';
import { type Database, defineModels } from '../../src/models/database.ts';
import type { TicketRow } from '../../src/models/ticket.ts';
import { HttpConnection, writeRequest } from '../generator/http-connection.ts';
import { LightSocket } from '../generator/socket.ts';
import { ticketRow } from '../subjects/deskcord.ts';
import {
  type History,
  type HistoryKind,
  historyKinds,
  seedHistory,
  settled,
} from '../subjects/histories.ts';
import { insertAll } from '../subjects/insert-all.ts';
import { type Running, start } from '../subjects/subjects.ts';
import { mintToken } from '../subjects/tokens.ts';
import type { World } from '../subjects/world.ts';

/** Whose tickets nearly all of those are that a customer asks for here. */
const REGULAR = 'regular';
/** Kinds of history that sends, edits and changes are made on top of. */
const writtenKinds = ['messages', 'edits of one message', 'status changes'] as const;
/** The oldest tickets have what no other one has, so that a list has to get past all of them. */
const OLDEST = 10;

const PATIENCE_MS = 60_000;

/** One server with a database of one size: so many tickets, and so many entries in each history. */
export interface Site {
  readonly size: number;
  readonly running: Running;
  readonly db: Database;
  readonly customer: string;
  readonly staff: string;
  /** Histories that are only read. */
  readonly histories: readonly History[];
  /** Those that are written to in a sweep: short ones serve once, or they would not stay short. */
  written(sweep: number): readonly History[];
  /** An open ticket with a few entries, never given out before. */
  takeTicket(): string;
  call(method: string, path: string, token: string, body?: object): Promise<string>;
  /** Sends a request as it stands. */
  request(text: string): Promise<string>;
  /** Emits an event as the customer, or as staff, and gives its acknowledgement. */
  ask(who: 'customer' | 'staff', event: string, input: object): Promise<string>;
  close(): Promise<void>;
}

const states: readonly Partial<TicketRow>[] = [
  { status: 'OPEN', support_role: 'GENERAL', issue_level: 'URGENT' },
  { status: 'CLOSED', support_role: 'TECHNICAL', issue_level: 'NORMAL' },
];
const rare = { status: 'CLOSED', support_role: 'GENERAL', issue_level: 'CRITICAL' } as const;

/** Tickets of which every filter finds many or few, whoever asks, each half of them the regular's. */
function seedQueue(db: Database, size: number): Promise<void> {
  return insertAll(db.tickets.collection as never, size, (index) => {
    const state = index < OLDEST ? rare : states[index % 2];
    const owner = index < OLDEST || index % 4 < 2 ? REGULAR : `customer-${index}`;
    return ticketRow(owner, index + 1, { ...state, stored: settled(index) });
  });
}

async function seedSite(db: Database, size: number, sweeps: number) {
  await seedQueue(db, size);
  let number = size;
  const seed = (kind: HistoryKind, length: number) => {
    const row = ticketRow(REGULAR, ++number, { stored: settled(number) });
    return seedHistory(db, row, kind, length);
  };
  const histories: History[] = [];
  for (const kind of historyKinds) histories.push(await seed(kind, size));
  const written: History[][] = [];
  for (let set = 0; set < (size < 1000 ? sweeps : 1); set++) {
    const made: History[] = [];
    for (const kind of writtenKinds) made.push(await seed(kind, size));
    written.push(made);
  }
  const small: string[] = [];
  for (let n = 0; n < 2 * sweeps; n++) small.push((await seed('messages', OLDEST)).ticket);
  await db.counters.collection.insertOne({ _id: 'ticket', value: number } as never);
  return { histories, written, small };
}

/** The promise, or an error once an answer has taken longer than any should. */
async function inTime(what: string, answer: Promise<string>): Promise<string> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = new Error(`${what} was not answered within ${PATIENCE_MS / 1000} s`);
    timer = setTimeout(() => reject(error), PATIENCE_MS);
  });
  return Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

function connectAt(port: number) {
  let fail: (error: Error) => void = () => undefined;
  const http = new HttpConnection(port, (error) => fail(error));
  const request = (text: string) => {
    const line = text.slice(0, text.indexOf('\r\n'));
    const answer = new Promise<string>((resolve, reject) => {
      fail = reject;
      http.send(text, (status, body) => {
        if (status < 300) return resolve(body.toString());
        reject(new Error(`${line} was answered ${status}: ${body.toString().slice(0, 300)}`));
      });
    });
    return inTime(line, answer);
  };
  return { request, close: () => http.close() };
}

function ask(socket: LightSocket, event: string, input: object): Promise<string> {
  const answer = new Promise<string>((resolve, reject) => {
    socket.ask(event, JSON.stringify(input), (packet) => {
      if (packet.includes('"ok":true')) resolve(packet.slice(packet.indexOf('[')));
      else reject(new Error(`${event} was answered ${packet.slice(0, 300)}`));
    });
  });
  return inTime(event, answer);
}

interface Seeded {
  size: number;
  running: Running;
  connection: Connection;
  db: Database;
  seeds: Awaited<ReturnType<typeof seedSite>>;
}

/** Starts a server and fills its database to a size. */
export async function fillSite(world: World, size: number, sweeps: number): Promise<Seeded> {
  const running = await start(world, 'deskcord');
  const options = { dbName: running.database, autoIndex: false, autoCreate: false };
  const connection = await createConnection(world.uri, options).asPromise();
  const db = defineModels(connection);
  return { size, running, connection, db, seeds: await seedSite(db, size, sweeps) };
}

/** Connects as a customer and as staff; a connection that says nothing would not outlive the filling. */
export async function enterSite({ seeds, connection, ...seeded }: Seeded): Promise<Site> {
  const { histories, written, small } = seeds;
  const customer = mintToken(REGULAR, 'TEMP_USER');
  const staff = mintToken('kim', 'AGENT');
  const { port } = seeded.running;
  const http = connectAt(port);
  const target = { port, awaitAuthorized: true };
  const sockets = {
    customer: await LightSocket.open(target, { ticket: '', token: customer }),
    staff: await LightSocket.open(target, { ticket: '', token: staff }),
  };
  return {
    ...seeded,
    customer,
    staff,
    histories,
    written: (sweep) => written[sweep % written.length] ?? [],
    takeTicket() {
      const ticket = small.pop();
      if (!ticket) throw new Error('there are not enough tickets for the sweeps');
      return ticket;
    },
    call: (method, path, token, body) =>
      http.request(writeRequest(method, `/api/v1${path}`, token, body && JSON.stringify(body))),
    request: http.request,
    ask: (who, event, input) => ask(sockets[who], event, input),
    async close() {
      http.close();
      for (const socket of Object.values(sockets)) socket.close();
      await connection.close();
      await seeded.running.stop();
    },
  };
}
