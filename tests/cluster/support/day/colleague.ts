import { setTimeout as sleep } from 'node:timers/promises';
import { type DiscordPerson, discordPerson } from '../../../support/discord.ts';
import { interactionsOf } from '../../../support/interactions.ts';
import type { Day, DayTicket } from './day.ts';
import type { Dice } from './dice.ts';
import type { Sent } from './evidence.ts';

export interface Colleague {
  name: string;
  person: DiscordPerson;
  hands: ReturnType<typeof interactionsOf>;
  /** What they wrote in channels and have not deleted. */
  own: { channelId: string; id: string; ticket: DayTicket }[];
  /** The threads for notes that they were let into. */
  threads: { id: string; ticket: DayTicket }[];
  dice: Dice;
  /** What they have still to do with the bot, one after the other. */
  deck: Move[];
  done: Set<Move>;
}

/** Something that staff do with the bot. */
export type Move = (turn: Turn) => Promise<unknown>;

export interface Turn {
  day: Day;
  who: Colleague;
  ticket: DayTicket;
  channelId: string;
}

export function colleague(
  day: Day,
  name: Parameters<typeof discordPerson>[1],
  dice: Dice,
): Colleague {
  const person = discordPerson(day.sim, name);
  return {
    name,
    person,
    hands: interactionsOf(day.sim, person),
    own: [],
    threads: [],
    dice,
    deck: [],
    done: new Set(),
  };
}

/** What came of a use: the answer, or the form that opened. */
export interface Told {
  id?: string;
  content?: string;
  // biome-ignore lint/suspicious/noExplicitAny: what the simulator knows is what the tests look at
  components?: any[];
  modal?: { custom_id: string };
}

const LOADING = 1 << 7;

/** Waits until an interaction has its answer, or Discord has given it up; writes down which. */
export async function settleUse(
  day: Day,
  { hands }: Colleague,
  what: string,
  nonce: string,
): Promise<Told> {
  for (let look = 0; ; look++) {
    const { interactions, ephemeral } = await hands.look(nonce);
    const [found] = interactions;
    const [answer] = ephemeral;
    const isOver = look > 150 || !found || found.state === 'failed';
    const isAnswered = found?.state === 'answered';
    if (isOver || (isAnswered && (!answer || (answer.flags & LOADING) === 0))) {
      if (found) day.uses.push({ what, at: found.created_at, state: found.state });
      return { ...answer, modal: found?.modal };
    }
    await sleep(50);
  }
}

/** Writes a text down that somebody sends; it is `unknown` until it is answered. */
export function record(
  ticket: DayTicket,
  sent: Partial<Sent> & Pick<Sent, 'word' | 'by' | 'door'>,
): Sent {
  const whole: Sent = { isNote: false, outcome: 'unknown', ...sent };
  ticket.sent.push(whole);
  return whole;
}
