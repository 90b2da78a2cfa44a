import { isDeepStrictEqual } from 'node:util';
import { afterEach } from '@jest/globals';
import { Socket } from 'socket.io-client';
import type { z } from 'zod';
import { commonErrors, type EndpointRow, endpoints } from '../../src/contract/endpoints.ts';
import { ackError, errorBody, errorStatus } from '../../src/contract/errors.ts';
import {
  type ClientEventName,
  clientEventAcks,
  type ServerEventName,
  serverEvents,
} from '../../src/contract/events.ts';

/**
 * Holds everything that a test receives from Deskcord against the contract: every JSON answer to
 * `fetch`, every event and acknowledgement of a socket, whichever process sent it. What the schema does
 * not name fails the test, too. Production does not do this: it would cost more than the answers.
 */

const violations: string[] = [];
const pending = new Set<Promise<unknown>>();

function expectShape(what: string, schema: z.ZodType, value: unknown): void {
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    violations.push(`${what}: ${issue?.path.join('.')} ${issue?.message}`);
  } else if (!isDeepStrictEqual(parsed.data, value)) {
    // A schema drops the fields it does not know.
    violations.push(`${what} has more than the contract: ${JSON.stringify(value).slice(0, 500)}`);
  }
}

const parameters = ({ path }: EndpointRow) => path.split(':').length;

/** As the router does it: a path that is named goes before one with a parameter in its place. */
const rows: [pattern: RegExp, row: EndpointRow][] = Object.values<EndpointRow>(endpoints)
  .toSorted((a, b) => parameters(a) - parameters(b))
  .map((row) => [new RegExp(`^${row.path.replace(/:\w+/g, '[^/]+')}/?$`), row]);

function checkRefusal(what: string, row: EndpointRow | undefined, status: number, body: unknown) {
  expectShape(what, errorBody, body);
  const { error } = body as { error: keyof typeof errorStatus };
  if (errorStatus[error] !== status) violations.push(`${what}: ${error} with status ${status}`);
  if (!row) return;
  const known = [...commonErrors, ...row.errors, ...(row.auth === 'token' ? ['UNAUTHORIZED'] : [])];
  if (!known.includes(error)) violations.push(`${what}: the contract does not name ${error}`);
}

async function checkAnswer(method: string, url: string, answer: Response): Promise<void> {
  const { pathname } = new URL(url);
  // The files of the widget are no answers of the API.
  if (pathname.startsWith('/widget/') && answer.ok) return;
  const row = rows.find(([path, { method: of }]) => of === method && path.test(pathname))?.[1];
  const what = `${method} ${pathname} ${answer.status}`;
  const body = JSON.parse(await answer.text());
  const schema = row?.answers[answer.status];
  if (schema) expectShape(what, schema, body);
  else if (answer.ok) violations.push(`${what}: the contract has no such answer`);
  else checkRefusal(what, row, answer.status, body);
}

/** Everything that Deskcord answers has an id; what tests put in its place need not keep the contract. */
const isOurs = ({ headers }: Response) =>
  headers.has('x-request-id') && headers.get('content-type')?.startsWith('application/json');

const plainFetch = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const answer = await plainFetch(input, init);
  const { method, url } = input instanceof Request ? input : { method: 'GET', url: String(input) };
  const verb = init?.method ?? method;
  if (verb === 'HEAD' || !isOurs(answer)) return answer;
  // An answer that is cut off is the business of the test.
  const check = checkAnswer(verb, url, answer.clone()).catch(() => undefined);
  pending.add(check);
  void check.finally(() => pending.delete(check));
  return answer;
};

interface Packet {
  id?: number;
  data: unknown[];
}

/** What Socket.IO's client does inside, by the names it gives it. */
const inner = Socket.prototype as unknown as {
  ids: number;
  emit(event: string, ...args: unknown[]): unknown;
  onevent(packet: Packet): void;
  onack(packet: Packet): void;
};
const { emit, onevent, onack } = inner;
const asked = new WeakMap<object, Map<number, string>>();

inner.emit = function (event, ...args) {
  if (typeof args.at(-1) === 'function') {
    const events = asked.get(this) ?? new Map<number, string>();
    asked.set(this, events.set(this.ids, event));
  }
  return emit.call(this, event, ...args);
};

inner.onevent = function (packet) {
  const [event, payload] = packet.data as [string, unknown];
  const row = serverEvents[event as ServerEventName];
  if (row) expectShape(`event ${event}`, row.payload, payload);
  else violations.push(`event ${event} is not in the contract`);
  onevent.call(this, packet);
};

inner.onack = function (packet) {
  const event = asked.get(this)?.get(packet.id as number) as ClientEventName | undefined;
  const [answer] = packet.data as [{ ok?: boolean }];
  if (event && answer.ok === true && event in clientEventAcks) {
    const { ok: _, ...rest } = answer;
    expectShape(`acknowledgement of ${event}`, clientEventAcks[event], rest);
  } else if (event) {
    expectShape(`refusal of ${event}`, ackError, answer);
  }
  onack.call(this, packet);
};

/** What has been found since the last test, or the last call; each once. */
export async function takeViolations(): Promise<string[]> {
  await Promise.all(pending);
  return [...new Set(violations.splice(0))];
}

afterEach(async () => {
  const found = await takeViolations();
  if (found.length > 0) throw new Error(`against the contract:\n${found.join('\n')}`);
});
