import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MessageView } from '../../../src/contract/messages.ts';
import { logKey, type Stream } from '../../../src/domain/log/entry.ts';
import type { Attempt } from '../../support/history-checker.ts';
import { mintToken } from '../../support/people.ts';
import { changeKey, type Recorder } from './history.ts';

export interface Account {
  id: string;
  token: string;
}

let accounts = 0;

/** Somebody with a token that outlives every test. */
export function newAccount(role: 'CUSTOMER' | 'AGENT' = 'CUSTOMER'): Account {
  const id = `${role.toLowerCase()}-${process.pid}-${++accounts}`;
  return { id, token: mintToken({ id, role }, { expiresIn: '12h' }) };
}

export interface Send {
  ticketId: string;
  /** Default: the public one. */
  stream?: Stream | undefined;
  by: Account;
  clientId: string;
  content?: string;
}

export interface Sent {
  outcome: Attempt['outcome'];
  status: number;
  message?: MessageView;
}

/** Milliseconds a client waits for an answer; longer than the server takes to give one up. */
export const ANSWER_MS = 10_000;

const rowsOf = ({ stream }: { stream?: Stream | undefined }) =>
  stream === 'internal' ? 'notes' : 'messages';

/** One try over REST, written down whatever comes of it. */
export function trySend(recorder: Recorder, url: string, send: Send): Promise<Sent> {
  const { ticketId, by, clientId, content = clientId } = send;
  const path = `/tickets/${ticketId}/${rowsOf(send)}`;
  const request = { method: 'POST', path, body: { content, client_id: clientId } };
  return tryOnce(recorder, url, by, request, record(recorder, send));
}

/** An edit, or without `content` a deletion. */
export interface Change {
  ticketId: string;
  /** Default: the public one. */
  stream?: Stream | undefined;
  by: Account;
  messageId: string;
  content?: string | undefined;
}

/** One try to edit or delete over REST. */
export function tryChange(recorder: Recorder, url: string, change: Change): Promise<Sent> {
  const { ticketId, stream, by, messageId, content } = change;
  const path = `/tickets/${ticketId}/${rowsOf(change)}/${messageId}`;
  const request =
    content === undefined
      ? { method: 'DELETE', path }
      : { method: 'PATCH', path, body: { content } };
  const attempt = record(recorder, {
    ticketId,
    stream,
    by,
    clientId: changeKey(messageId, content),
  });
  return tryOnce(recorder, url, by, request, attempt);
}

async function tryOnce(
  recorder: Recorder,
  url: string,
  { token }: Account,
  { method, path, body }: { method: string; path: string; body?: object },
  attempt: Attempt,
): Promise<Sent> {
  try {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const message = (await answer.json()) as MessageView;
    const seq = method === 'POST' ? message.seq : message.rev;
    if (answer.ok) return accept(attempt, answer.status, message, seq);
    if (answer.status >= 500 && answer.status !== 503) {
      recorder.surprises.push(`${attempt.client_id} was answered ${answer.status}`);
    }
    if (answer.status < 500) attempt.outcome = 'refused';
    return { outcome: attempt.outcome, status: answer.status };
  } catch {
    return { outcome: 'unknown', status: 0 };
  }
}

/** Writes a try down; what comes of it is not known yet. */
export function record(recorder: Recorder, { ticketId, stream, by, clientId }: Send): Attempt {
  const attempt: Attempt = {
    // Each stream is a log of its own, and judged as one.
    ticket_id: logKey({ ticketId, stream: stream ?? 'public' }),
    author_id: by.id,
    client_id: clientId,
    sent_at: performance.now(),
    outcome: 'unknown',
  };
  recorder.attempts.push(attempt);
  return attempt;
}

/** What a try that was accepted answers. */
export function accept(
  attempt: Attempt,
  status: number,
  message: MessageView,
  seq = message.seq,
): Sent {
  attempt.outcome = 'accepted';
  attempt.answered_at = performance.now();
  attempt.seq = seq;
  return { outcome: 'accepted', status, message };
}

export interface Urls {
  urls(): string[];
  readonly closed?: boolean;
}

/** The ways in: each is one try. */
export interface Doors {
  send(url: string, send: Send): Promise<Sent>;
  change(url: string, change: Change): Promise<Sent>;
}

export function restDoors(recorder: Recorder): Doors {
  return {
    send: (url, send) => trySend(recorder, url, send),
    change: (url, change) => tryChange(recorder, url, change),
  };
}

/** Tries until it is answered for good, on whichever node there is, always with the same client id. */
export function sendUntilAnswered(
  recorder: Recorder,
  cluster: Urls,
  send: Send,
  random: () => number,
  timeoutMs = 60_000,
  doors = restDoors(recorder),
): Promise<Sent> {
  const once = (url: string) => doors.send(url, send);
  return untilAnswered(send.clientId, cluster, once, random, timeoutMs);
}

/**
 * The same for an edit or a deletion. Each try of an edit has a text of its own, since each may come
 * to be; a message that is gone after a try without an answer was deleted by that one: `unknown`.
 */
export async function changeUntilAnswered(
  recorder: Recorder,
  cluster: Urls,
  change: Change,
  random: () => number,
  timeoutMs = 60_000,
  doors = restDoors(recorder),
): Promise<Sent> {
  const { messageId, content } = change;
  let tries = 0;
  const once = (url: string) => {
    const text = content && `${content}, try ${++tries}`;
    return doors.change(url, { ...change, content: text });
  };
  const name = changeKey(messageId, content);
  const sent = await untilAnswered(name, cluster, once, random, timeoutMs);
  if (sent.status !== 404 || content !== undefined) return sent;
  const mine = recorder.attempts.filter(({ client_id }) => client_id === name);
  const isGone = mine.some(({ outcome }) => outcome === 'unknown');
  return isGone ? { ...sent, outcome: 'unknown' } : sent;
}

async function untilAnswered(
  name: string,
  cluster: Urls,
  once: (url: string) => Promise<Sent>,
  random: () => number,
  timeoutMs: number,
): Promise<Sent> {
  const until = Date.now() + timeoutMs;
  for (let tries = 0; Date.now() < until && !cluster.closed; tries++) {
    const urls = cluster.urls();
    const url = urls[Math.floor(random() * urls.length)];
    const sent = url && (await once(url));
    if (sent && sent.outcome !== 'unknown') return sent;
    await sleep(20 + random() * Math.min(300, 30 * 2 ** tries));
  }
  throw new Error(`${name} was not answered in ${timeoutMs} ms`);
}

/**
 * Opens a ticket on whichever node there is. A connection kept from an earlier test may be closed just
 * when it is used again: the request is made once more, and its `client_id` makes it one ticket.
 */
export async function openTicket(cluster: Urls, by: Account): Promise<string> {
  const body = { topic: 'A parcel', description: 'It has not come.', client_id: randomUUID() };
  const open = () =>
    fetch(`${cluster.urls()[0]}/api/v1/tickets`, {
      method: 'POST',
      headers: { authorization: `Bearer ${by.token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  const answer = await open().catch(open);
  if (!answer.ok) throw new Error(`the ticket was answered ${answer.status}`);
  return ((await answer.json()) as { id: string }).id;
}
