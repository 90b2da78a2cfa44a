import type { MessageView } from '../../../../src/contract/messages.ts';
import type { TicketView } from '../../../../src/contract/tickets.ts';
import type { Answer } from '../../../support/people.ts';
import { uploadTo } from '../../../support/uploads.ts';
import type { Day, DayTicket } from './day.ts';
import type { Dice } from './dice.ts';
import type { Sent } from './evidence.ts';
import { attempted, told } from './told.ts';

const emojis = ['👍', '🎉', '😀'];

/** Writes a try down; it is `unknown` until it is answered. */
function record(ticket: DayTicket, word: string, more: Partial<Sent> = {}): Sent {
  const by = ticket.customer.id;
  const sent: Sent = { word, by, door: 'web', isNote: false, outcome: 'unknown', ...more };
  ticket.sent.push(sent);
  return sent;
}

/** What came of a call of theirs. @throws Error for an answer that says that something is broken */
async function done<T>(call: () => Promise<Answer<T>>): Promise<Sent['outcome']> {
  return outcomeOf((await attempted(call))?.status ?? 503);
}

function outcomeOf(status: number): Sent['outcome'] {
  if (status < 300) return 'accepted';
  if (status >= 500 && status !== 503) throw new Error(`a customer was answered ${status}`);
  return status < 500 ? 'refused' : 'unknown';
}

/** What it says over a socket, as REST would have said it. */
async function ask({ ear }: DayTicket, event: string, input: object): Promise<number> {
  try {
    const ack = await ear.socket.timeout(10_000).emitWithAck(event, input);
    if (ack.ok) return 200;
    if (ack.error === 'INTERNAL_SERVER_ERROR') throw new Error(`${event} failed`);
    return ack.error === 'SERVICE_UNAVAILABLE' ? 503 : 409;
  } catch {
    return 503;
  }
}

async function say(day: Day, ticket: DayTicket, attachments: string[] = []): Promise<void> {
  const word = day.word();
  const sent = record(ticket, word);
  const more = { client_id: word, ...(attachments.length > 0 && { attachments }) };
  const isLive = ticket.ear.socket.connected && ticket.dice.random() < 0.5;
  const { customer, id: ticket_id } = ticket;
  sent.outcome = isLive
    ? outcomeOf(await ask(ticket, 'send_message', { ticket_id, content: word, ...more }))
    : await done(() => customer.send(ticket_id, word, more));
}

async function attach(day: Day, ticket: DayTicket): Promise<void> {
  const { customer, id } = ticket;
  const name = `${day.word()}.txt`;
  const answer = await attempted(() =>
    uploadTo(day.url, customer.token, id, 'a file of text', name),
  );
  if (answer?.status === 201) await say(day, ticket, [answer.body.id]);
}

/** The newest that stand in the ticket. */
const said = ({ customer, id }: Pick<DayTicket, 'customer' | 'id'>) =>
  told(() => customer.list(id, '?limit=50'));

async function anOwn({ customer, id, dice }: DayTicket): Promise<MessageView | undefined> {
  const own = await said({ customer, id });
  return dice.pick(own.filter(({ author_id }) => author_id === customer.id));
}

async function edit(day: Day, ticket: DayTicket): Promise<void> {
  const own = await anOwn(ticket);
  if (!own) return;
  const content = day.word();
  const sent = record(ticket, content, { isEdit: true });
  const { customer, id: ticket_id } = ticket;
  const path = `/tickets/${ticket_id}/messages/${own.id}`;
  sent.outcome =
    ticket.ear.socket.connected && ticket.dice.random() < 0.5
      ? outcomeOf(await ask(ticket, 'edit', { ticket_id, message_id: own.id, content }))
      : await done(() => customer.call('PATCH', path, { content }));
}

async function remove(_day: Day, ticket: DayTicket): Promise<void> {
  const own = await anOwn(ticket);
  if (!own) return;
  const path = `/tickets/${ticket.id}/messages/${own.id}`;
  await done(() => ticket.customer.call('DELETE', path));
}

/** Reacts to one of the newest messages, or takes that back. */
export async function react({ customer, id, dice }: DayTicket): Promise<void> {
  const message = dice.pick(await said({ customer, id }));
  if (!message) return;
  const method = dice.random() < 0.8 ? 'PUT' : 'DELETE';
  const emoji = encodeURIComponent(dice.pick(emojis));
  const path = `/tickets/${id}/messages/${message.id}/reactions/${emoji}`;
  await done(() => customer.call(method, path));
}

const verb =
  (path: string, body: (dice: Dice) => object = () => ({})) =>
  async (_day: Day, { customer, id, dice }: DayTicket): Promise<void> => {
    const input = body(dice);
    await done(() => customer.call('POST', `/tickets/${id}/${path}`, input));
  };

/** Reopens what is closed; of what is open it asks nothing. */
async function reopen(_day: Day, { customer, id }: DayTicket): Promise<void> {
  const { status } = await told(() => customer.call<TicketView>('GET', `/tickets/${id}`));
  if (status !== 'CLOSED') return;
  await done(() => customer.call('POST', `/tickets/${id}/reopen`, {}));
}

/** What a customer does, and how often. */
const acts: [often: number, act: (day: Day, ticket: DayTicket) => Promise<void>][] = [
  [10, say],
  [3, edit],
  [2, remove],
  [2, attach],
  [3, (_day, ticket) => react(ticket)],
  [0.4, verb('close')],
  [1, reopen],
  [0.5, verb('rating', ({ random }) => ({ score: 1 + Math.floor(random() * 5) }))],
  [1.5, verb('close-request/answer', ({ random }) => ({ close: random() < 0.3 }))],
  [0.5, async (_day, { ear }) => ear.cut()],
];

/** One thing that one customer does. */
export async function customerActs(day: Day, ticket: DayTicket): Promise<void> {
  await ticket.dice.draw(acts)(day, ticket);
}
