import { HttpConnection, writeRequest } from './http-connection.ts';
import type { Seat, Transport } from './jobs.ts';
import { LightSocket } from './socket.ts';

/** One customer who sends, one message at a time. */
export interface Sender {
  send(content: string, clientId: string, done: (accepted: boolean) => void): void;
  close(): void;
}

type Target = { port: number; awaitAuthorized: boolean };

const CONTENT_LENGTH = 250;

/** 250 characters that begin with the number of the message, so that its delivery can be told. */
export function contentOf(number: number): string {
  return String(number).padEnd(CONTENT_LENGTH, ' a customer writes a line like this one');
}

/** The number in a packet that carries such content; -1 where there is none. */
export function numberIn(packet: string): number {
  const at = packet.indexOf('"content":"');
  return at < 0 ? -1 : Number.parseInt(packet.slice(at + 11, at + 23), 10);
}

/** The same of a post in Discord, which says who has written it first. */
export function numberInPost(payload: string): number {
  return Number(/(\d+) a customer writes/.exec(payload)?.[1] ?? -1);
}

function restSender(target: Target, seat: Seat, fail: (error: Error) => void): Sender {
  const connection = new HttpConnection(target.port, fail);
  const path = `/api/v1/tickets/${seat.ticket}/messages`;
  return {
    send(content, clientId, done) {
      const body = `{"content":"${content}","client_id":"${clientId}"}`;
      connection.send(writeRequest('POST', path, seat.token, body), (status) =>
        done(status === 201),
      );
    },
    close: () => connection.close(),
  };
}

async function socketSender(target: Target, seat: Seat): Promise<Sender> {
  const socket = await LightSocket.open(target, seat);
  return {
    send(content, clientId, done) {
      const body = `{"ticket_id":"${seat.ticket}","content":"${content}","client_id":"${clientId}"}`;
      socket.ask('send_message', body, (packet) => done(packet.includes('"ok":true')));
    },
    close: () => socket.close(),
  };
}

/** A sender for each seat, connected. */
export async function openSenders(
  transport: Transport,
  target: Target,
  seats: readonly Seat[],
  fail: (error: Error) => void,
): Promise<Sender[]> {
  if (transport === 'rest') return seats.map((seat) => restSender(target, seat, fail));
  return Promise.all(seats.map((seat) => socketSender(target, seat)));
}
