import { io, type Socket } from 'socket.io-client';
import type { MessageView } from '../../../src/contract/messages.ts';
import type { Attempt } from '../../support/history-checker.ts';
import { changeKey, type Recorder } from './history.ts';
import {
  type Account,
  ANSWER_MS,
  accept,
  type Change,
  type Doors,
  record,
  restDoors,
  type Send,
  type Sent,
} from './writer.ts';

/** A socket that has authorised. */
export interface Asking {
  // biome-ignore lint/suspicious/noExplicitAny: what a server answers is what the tests look at
  ask(event: string, input?: unknown): Promise<any>;
}

async function tryOver(
  recorder: Recorder,
  socket: Asking,
  event: string,
  input: object,
  attempt: Attempt,
): Promise<Sent> {
  try {
    const ack = await socket.ask(event, input);
    if (ack.ok) {
      const message: MessageView = ack.note ?? ack.message;
      const isNew = event.startsWith('send_');
      return accept(attempt, 200, message, isNew ? message.seq : message.rev);
    }
    if (ack.error === 'INTERNAL_SERVER_ERROR') {
      recorder.surprises.push(`${attempt.client_id} failed`);
    } else if (ack.error !== 'SERVICE_UNAVAILABLE') attempt.outcome = 'refused';
    return { outcome: attempt.outcome, status: ack.error === 'NOT_FOUND' ? 404 : 0 };
  } catch {
    return { outcome: 'unknown', status: 0 };
  }
}

/** One try over a socket. */
export function trySendOver(recorder: Recorder, socket: Asking, send: Send): Promise<Sent> {
  const { ticketId: ticket_id, clientId: client_id, content = client_id } = send;
  const event = send.stream === 'internal' ? 'send_note' : 'send_message';
  return tryOver(
    recorder,
    socket,
    event,
    { ticket_id, content, client_id },
    record(recorder, send),
  );
}

/** One try to edit or delete over a socket. */
function tryChangeOver(recorder: Recorder, socket: Asking, change: Change): Promise<Sent> {
  const { ticketId: ticket_id, stream, by, messageId, content } = change;
  const verb = content === undefined ? 'delete' : 'edit';
  const isNote = stream === 'internal';
  const input = {
    ticket_id,
    [isNote ? 'note_id' : 'message_id']: messageId,
    ...(content !== undefined && { content }),
  };
  const clientId = changeKey(messageId, content);
  const attempt = record(recorder, { ticketId: ticket_id, stream, by, clientId });
  return tryOver(recorder, socket, isNote ? `${verb}_note` : verb, input, attempt);
}

/** Opens a socket that hears of one ticket alone. @throws where it cannot be had */
function openSocket(url: string, by: Account, ticketId: string): Promise<Socket> {
  const socket = io(url, {
    transports: ['websocket'],
    forceNew: true,
    reconnection: false,
    auth: { token: by.token },
    timeout: 3000,
  });
  return new Promise((resolve, reject) => {
    const fail = () => {
      socket.disconnect();
      reject(new Error(`no socket at ${url}`));
    };
    socket.once('connect_error', fail);
    socket.once('disconnect', fail);
    socket.once('authorized', () => {
      socket
        .timeout(ANSWER_MS)
        .emitWithAck('subscribe', { ticket_id: ticketId })
        .then(() => resolve(socket), fail);
    });
  });
}

/** Both doors of one writer in one ticket: each try goes over REST or the socket, whichever it draws. */
export function mixedDoors(
  recorder: Recorder,
  by: Account,
  ticketId: string,
  random: () => number,
): Doors & { readonly overSockets: number; close(): void } {
  let overSockets = 0;
  const rest = restDoors(recorder);
  const sockets = new Map<string, Socket>();
  const over = async (url: string, run: (socket: Asking) => Promise<Sent>): Promise<Sent> => {
    let socket = sockets.get(url);
    if (!socket?.connected) {
      sockets.delete(url);
      const opened = await openSocket(url, by, ticketId).catch(() => undefined);
      if (!opened) return { outcome: 'unknown', status: 0 };
      sockets.set(url, opened);
      socket = opened;
    }
    const open = socket;
    const sent = await run({
      ask: (event, input) => open.timeout(ANSWER_MS).emitWithAck(event, input),
    });
    if (sent.outcome === 'accepted') overSockets++;
    // Whatever is wrong with it, the next try has another one.
    if (sent.outcome === 'unknown') open.disconnect();
    return sent;
  };
  return {
    /** How many were accepted over a socket. */
    get overSockets() {
      return overSockets;
    },
    send: (url, send) =>
      random() < 0.5
        ? rest.send(url, send)
        : over(url, (socket) => trySendOver(recorder, socket, send)),
    change: (url, change) =>
      random() < 0.5
        ? rest.change(url, change)
        : over(url, (socket) => tryChangeOver(recorder, socket, change)),
    close() {
      for (const socket of sockets.values()) socket.disconnect();
    },
  };
}
