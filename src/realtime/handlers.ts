import type { AppContext } from '../context.ts';
import type { AckError } from '../contract/errors.ts';
import {
  type ClientEventAcks,
  type ClientEventInput,
  type ClientEventName,
  clientEvents,
  eventLimits,
} from '../contract/events.ts';
import { sizes } from '../contract/limits.ts';
import type { Actor } from '../domain/access/actor.ts';
import { parseInput } from '../domain/access/parse.ts';
import { countRequest } from '../domain/access/rate.ts';
import { withIdentities } from '../domain/agents/identities.ts';
import { deleteMessage, editMessage } from '../domain/messages/change.ts';
import { listMessages } from '../domain/messages/list.ts';
import { deleteNote, editNote, listNotes, sendNote } from '../domain/messages/notes.ts';
import { sendMessage } from '../domain/messages/send.ts';
import { signalRead, signalTyping } from '../domain/signals.ts';
import { closeTicket } from '../domain/tickets/close.ts';
import { AppError, toAppError } from '../errors.ts';
import type { DeskSocket } from './audience.ts';
import type { Authorizer } from './authorize.ts';
import type { EventBudget } from './event-budget.ts';
import { subscribe, unsubscribe } from './subscriptions.ts';

type Handler<N extends ClientEventName> = (
  ctx: AppContext,
  actor: Actor,
  input: ClientEventInput<N>,
  socket: DeskSocket,
  authorizer: Authorizer,
) => Promise<ClientEventAcks[N]>;

type VerbName = Exclude<ClientEventName, 'authorize'>;

const handlers: { [N in VerbName]: Handler<N> } = {
  async send_message(ctx, actor, { ticket_id, ...body }) {
    return { message: (await sendMessage(ctx, actor, ticket_id, body)).message };
  },
  async edit(ctx, actor, { ticket_id, message_id, content }) {
    return { message: await editMessage(ctx, actor, ticket_id, message_id, { content }) };
  },
  async delete(ctx, actor, { ticket_id, message_id }) {
    return { message: await deleteMessage(ctx, actor, ticket_id, message_id) };
  },
  async close_ticket(ctx, actor, { ticket_id, ...body }) {
    return { ticket: await closeTicket(ctx, actor, ticket_id, body) };
  },
  async send_note(ctx, actor, { ticket_id, ...body }) {
    return { note: (await sendNote(ctx, actor, ticket_id, body)).note };
  },
  async edit_note(ctx, actor, { ticket_id, note_id, content }) {
    return { note: await editNote(ctx, actor, ticket_id, note_id, { content }) };
  },
  async delete_note(ctx, actor, { ticket_id, note_id }) {
    return { note: await deleteNote(ctx, actor, ticket_id, note_id) };
  },
  sync: (ctx, actor, { ticket_id, after, stream }) =>
    (stream === 'internal' ? listNotes : listMessages)(ctx, actor, ticket_id, { after }),
  async typing(ctx, actor, { ticket_id }) {
    await signalTyping(ctx, actor, ticket_id);
    return {};
  },
  async read(ctx, actor, { ticket_id, seq }) {
    await signalRead(ctx, actor, ticket_id, seq);
    return {};
  },
  async subscribe(ctx, _actor, input, socket, authorizer) {
    await authorizer.inTurn(socket, () => subscribe(ctx, socket, input));
    return {};
  },
  async unsubscribe(ctx, _actor, input, socket, authorizer) {
    await authorizer.inTurn(socket, () => unsubscribe(ctx, socket, input));
    return {};
  },
};

/** What changes the rooms of a socket: done in the socket's turn, as whoever it belongs to then. */
const inTurn: readonly VerbName[] = ['subscribe', 'unsubscribe'];

/** The one place where an error becomes an answer over a socket: the ack, or without one `error`. */
export function answerError(
  ctx: AppContext,
  socket: DeskSocket,
  event: string,
  thrown: unknown,
  ack: ((answer: AckError) => void) | undefined,
): void {
  const error = toAppError(thrown);
  if (error.code === 'INTERNAL_SERVER_ERROR') {
    ctx.log.error({ err: thrown, event, socket: socket.id }, 'unexpected error');
    ctx.reports.report(thrown, { event, socket: socket.id });
  }
  const { errors, retryAfter } = error.details;
  const body = { error: error.code, message: error.message, ...(errors && { errors }) };
  if (ack)
    ack({ ok: false, ...body, ...(retryAfter !== undefined && { retry_after: retryAfter }) });
  else if (socket.connected) socket.emit('error', body);
}

async function run(
  ctx: AppContext,
  authorizer: Authorizer,
  socket: DeskSocket,
  event: string,
  input: unknown,
): Promise<object> {
  if (event === 'authorize') {
    await countRequest(ctx, eventLimits.authorize, socket.data.actor?.key ?? socket.id);
    const { token } = parseInput(clientEvents.authorize, input ?? {}, 'body');
    const ack = await authorizer.authorize(socket, token);
    socket.emit('authorized', ack);
    return ack;
  }
  const { actor, expiresAt = 0 } = socket.data;
  if (!actor) throw new AppError('UNAUTHORIZED', 'emit authorize first');
  if (!Object.hasOwn(handlers, event)) {
    // Socket.IO lets a number be the name of an event.
    throw new AppError('NOT_FOUND', `there is no event "${String(event).slice(0, 50)}"`);
  }
  if (ctx.clock() > expiresAt + sizes.tokenClockSkew)
    throw new AppError('UNAUTHORIZED', 'token expired');
  const name = event as VerbName;
  await countRequest(ctx, eventLimits[name], actor.key);
  const handler = handlers[name] as Handler<VerbName>;
  const parsed = parseInput(clientEvents[name], input, 'body') as never;
  // Nothing is waited for before the turn is taken: what was sent later must not overtake it.
  const acting = inTurn.includes(name) ? actor : await withIdentities(ctx, actor);
  return handler(ctx, acting, parsed, socket, authorizer);
}

/** Answers every event of a socket: parsed, counted against the limits of REST, one answer each. */
export function handleEvents(
  ctx: AppContext,
  authorizer: Authorizer,
  budget: EventBudget,
  socket: DeskSocket,
): void {
  socket.onAny((event: string, ...args: unknown[]) => {
    if (!budget.isOpen(socket)) return;
    const last = args.at(-1);
    const ack = typeof last === 'function' ? (last as (answer: object) => void) : undefined;
    const input = ack && args.length === 1 ? {} : args[0];
    // Of a closed set: what a client makes up is no label.
    const name = Object.hasOwn(clientEvents, event) ? event : 'unknown';
    const end = ctx.metrics.events.startTimer({ event: name });
    run(ctx, authorizer, socket, event, input).then(
      (result) => {
        end({ outcome: 'ok' });
        ack?.({ ok: true, ...result });
      },
      (error) => {
        const { code } = toAppError(error);
        end({ outcome: code });
        answerError(ctx, socket, event, error, ack);
        budget.charge(socket, event, code);
      },
    );
  });
}
