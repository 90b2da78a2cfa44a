import { type Colleague, type Move, record, settleUse, type Told, type Turn } from './colleague.ts';
import { type Dice, shuffled } from './dice.ts';

type Options = Record<string, string | number | boolean>;

async function runs({ day, who, channelId }: Turn, name: string, options: Options = {}) {
  const nonce = await who.hands.begin(channelId, name, options);
  return settleUse(day, who, `/${name}`, nonce);
}

/** Presses, or chooses in a menu, on a message. */
async function presses(turn: Turn, messageId: string, custom_id: string, value?: string) {
  const { day, who, channelId } = turn;
  const data = value
    ? { component_type: 3, custom_id, values: [value] }
    : { component_type: 2, custom_id };
  const nonce = await who.person.interact(3, channelId, data, messageId);
  return settleUse(day, who, `button ${custom_id.split(':')[0]}`, nonce);
}

async function submits(turn: Turn, form: Told, fields: Record<string, string>) {
  const { day, who, channelId } = turn;
  if (!form.modal) return {};
  const { custom_id } = form.modal;
  const nonce = await who.person.submit(channelId, custom_id, fields);
  return settleUse(day, who, `form ${custom_id.split(':')[0]}`, nonce);
}

/** A button or the menu of the ticket's card, which is the first post of its channel. */
async function onCard(turn: Turn, action: string, value?: string): Promise<Told> {
  const { day, ticket } = turn;
  const card = day.witness.channelOf(ticket.number)?.posts.find(({ isBots }) => isBots);
  return card ? presses(turn, card.id, `${action}:${ticket.id}`, value) : {};
}

const command =
  (name: string, options: (turn: Turn) => Options = () => ({})): Move =>
  (turn) =>
    runs(turn, name, options(turn));

/** Says something in the ticket by `how`; `done` is what is answered where that is kept. */
const saying =
  (isNote: boolean, done: RegExp, how: (turn: Turn, word: string) => Promise<Told>): Move =>
  async (turn) => {
    const { day, who, ticket } = turn;
    const word = day.word();
    const sent = record(ticket, { word, by: who.name, door: 'command', isNote });
    const { content = '' } = await how(turn, word);
    if (done.test(content)) sent.outcome = 'accepted';
  };

const oneOf =
  (option: string, ...values: string[]) =>
  ({ who }: Turn) => ({ [option]: who.dice.pick(values) });

/** Closes, by the command or by the card; mostly that is undone, or the desk would soon have nothing to do. */
const closing =
  (begin: (turn: Turn) => Promise<Told>): Move =>
  async (turn) => {
    const { id, components } = await begin(turn);
    const undo = components?.[0]?.components?.[0]?.custom_id;
    if (id && undo && turn.who.dice.random() < 0.7) await presses(turn, id, undo);
  };

/** Lets somebody in for notes, or blocks the customer, for a moment. */
const forAMoment =
  (on: string, off: string, options: (turn: Turn) => Options, offOptions = options): Move =>
  async (turn) => {
    await runs(turn, on, options(turn));
    await runs(turn, off, offOptions(turn));
  };

const guest = ({ day }: Turn) => ({ user: day.sim.state.people.member.id });

/** Writes a canned reply with a word of its own, uses it once and takes it away. */
async function canned(turn: Turn): Promise<void> {
  const { day, who, ticket } = turn;
  const word = day.word();
  const name = `canned ${word}`;
  await submits(turn, await runs(turn, 'canned add'), { name, text: word });
  await runs(turn, 'canned preview', { name });
  await saying(false, /^The customer has it/, () => runs(turn, 'canned send', { name }))({
    ...turn,
    day: Object.assign(Object.create(day), { word: () => word }),
    ticket,
  });
  await submits(turn, await runs(turn, 'canned edit', { name }), { name, text: 'Bye' });
  if (who.name === 'admin') await runs(turn, 'canned remove', { name });
}

/** The menu of the card, and one of its entries, which answers or shows a menu of its own. */
async function more(turn: Turn): Promise<void> {
  const shown = await onCard(turn, 'more');
  const menu = shown.components?.[0]?.components?.[0];
  if (!shown.id || !menu) return;
  const { value } = turn.who.dice.pick<{ value: string }>(menu.options);
  await presses(turn, shown.id, menu.custom_id, value);
}

/** Opens the thread for notes, or is let into the one there is. */
export async function notes(turn: Turn): Promise<void> {
  const { content = '' } = await runs(turn, 'notes');
  const id = /^<#(\d+)>: /.exec(content)?.[1];
  if (id) turn.who.threads.push({ id, ticket: turn.ticket });
}

const ofStaff: readonly Move[] = [
  command('claim'),
  command('unclaim'),
  command('level', oneOf('level', 'NORMAL', 'URGENT', 'CRITICAL')),
  command('role', oneOf('role', 'GENERAL', 'TECHNICAL')),
  command('priority', oneOf('priority', 'LOW', 'HIGH', 'URGENT', 'none such')),
  command('category', oneOf('category', 'billing', 'none such')),
  command('topic', oneOf('topic', 'A parcel', 'No parcel')),
  command('schedule', oneOf('date', '2031-05-06', 'tomorrow')),
  command('status', oneOf('status', 'IN_PROGRESS', 'WAITING', 'ASSIGNED', 'RESOLVED')),
  command('resolve'),
  command('close-request'),
  command('snooze', oneOf('until', '2h', 'off')),
  command('acknowledge'),
  command('alert'),
  closing((turn) => runs(turn, 'close', { reason: 'solved' })),
  closing(async (turn) => submits(turn, await onCard(turn, 'close'), { reason: 'solved' })),
  command('close', () => ({ in: '3h', silent: true })),
  command('tag add', oneOf('tag', 'vip', 'late')),
  command('tag remove', oneOf('tag', 'vip', 'late')),
  command('transfer'),
  command('customer'),
  command('history'),
  command('transcript'),
  command('search', () => ({ text: 'parcel' })),
  command('queue'),
  command('stats'),
  command('agents'),
  command('away', ({ who }) => ({ away: who.dice.random() < 0.5 })),
  command('on-call', ({ who }) => ({ on: who.dice.random() < 0.5 })),
  notes,
  command('practice'),
  command('unpark', ({ ticket }) => ({ number: ticket.number })),
  command('reopen', ({ ticket, day, who }) => ({
    number: who.dice.random() < 0.3 ? ticket.number : who.dice.pick(day.tickets).number,
  })),
  command('link', () => ({ code: 'WRONG' })),
  forAMoment('member add', 'member remove', guest),
  forAMoment(
    'block',
    'unblock',
    () => ({ reason: 'spam', until: '2h' }),
    () => ({}),
  ),
  canned,
  command('canned list'),
  saying(false, /^The customer has it/, (turn, text) => runs(turn, 'reply', { text })),
  saying(true, /^The note is kept/, (turn, text) => runs(turn, 'note', { text })),
  saying(true, /^The note is kept/, async (turn, text) =>
    submits(turn, await onCard(turn, 'note'), { text }),
  ),
  (turn) => onCard(turn, 'claim'),
  (turn) => onCard(turn, 'unclaim'),
  (turn) => onCard(turn, 'contact'),
  (turn) => onCard(turn, 'level', turn.who.dice.pick(['NORMAL', 'URGENT', 'CRITICAL'])),
  more,
  async ({ day, who, channelId }) => {
    const nonce = await who.hands.begin(channelId, 'status', { status: '' }, 'status');
    return settleUse(day, who, 'completion of /status', nonce);
  },
];

const ofOperators: readonly Move[] = [
  command('setup'),
  command('doctor'),
  command('transfer', ({ day }) => ({ member: day.sim.state.people.robin.id })),
];

/** Deals all there is to be done among them, in an order that is drawn; operators get what is theirs alone. */
export function deal(staff: readonly Colleague[], dice: Dice): void {
  for (const [n, move] of shuffled(ofStaff, dice).entries()) {
    staff[n % staff.length]?.deck.push(move);
  }
  staff.find(({ name }) => name === 'admin')?.deck.push(...ofOperators);
}
