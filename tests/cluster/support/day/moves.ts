import { type Colleague, record, settleUse } from './colleague.ts';
import type { Day, DayTicket } from './day.ts';

export interface Turn {
  day: Day;
  who: Colleague;
  ticket: DayTicket;
  channelId: string;
}

/** Something that staff do with the bot. */
export type Move = (turn: Turn) => Promise<unknown>;

type Options = Record<string, string | number | boolean>;

/** Runs a command and waits for what it says. */
const command =
  (name: string, options: (turn: Turn) => Options = () => ({})): Move =>
  async (turn) => {
    const { day, who, channelId } = turn;
    const nonce = await who.hands.begin(channelId, name, options(turn));
    return settleUse(day, who, `/${name}`, nonce);
  };

/** A command that says something in the ticket. */
const saying =
  (name: string, isNote: boolean, done: RegExp): Move =>
  async ({ day, who, ticket, channelId }) => {
    const word = day.word();
    const sent = record(ticket, { word, by: who.name, door: 'command', isNote });
    const nonce = await who.hands.begin(channelId, name, { text: word });
    const said = await settleUse(day, who, `/${name}`, nonce);
    if (said && done.test(said)) sent.outcome = 'accepted';
  };

export const moves: readonly Move[] = [
  command('claim'),
  saying('reply', false, /^The customer has it/),
  saying('note', true, /^The note is kept/),
];
