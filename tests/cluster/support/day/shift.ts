import { setTimeout as sleep } from 'node:timers/promises';
import { type Colleague, colleague } from './colleague.ts';
import { customerActs, react as lastReaction } from './customers.ts';
import type { Day, DayTicket } from './day.ts';
import { type Dice, diceOf, shuffled } from './dice.ts';
import { deal } from './moves.ts';
import { finishDeck, staffActs } from './staff.ts';
import { longTroubles, mendAll, troubles } from './troubles.ts';

export interface Size {
  tickets: number;
  /** How much each customer, and each of the staff, does. */
  ofCustomers: number;
  ofStaff: number;
  /** Between two things that a customer does, at most. */
  pauseMs: number;
  /** In which those come who are not there from the beginning. */
  arriveMs: number;
  /** Whether there are troubles that take long, and that troubles come again for as long as somebody works. */
  isLong: boolean;
}

/** Tickets that are there when staff begin. */
const AT_FIRST = 24;

const levels = ['NORMAL', 'URGENT', 'CRITICAL'] as const;
const names = ['admin', 'manager', 'lee', 'developer', 'noa', 'kim', 'robin', 'sam'] as const;

async function works(
  dice: Dice,
  times: number,
  pauseMs: number,
  act: () => Promise<void>,
): Promise<void> {
  for (let n = 0; n < times; n++) {
    await act();
    await sleep(pauseMs * dice.random());
  }
}

/** Every trouble once; on a long day again, and those that take long, for as long as somebody works. */
async function trouble(day: Day, isLong: boolean, isOver: () => boolean): Promise<void> {
  const all = isLong ? [...troubles, ...longTroubles] : troubles;
  let isFirst = true;
  do {
    for (const one of shuffled(all, day.dice)) {
      if (!isFirst && isOver()) return;
      await one(day);
      await sleep((isLong ? 5000 : 300) * day.dice.random());
    }
    isFirst = false;
  } while (isLong && !isOver());
}

const open = (day: Day, nth: number) => day.openTicket(levels[nth % 3] ?? 'NORMAL', nth % 2 === 1);

/** Everybody does their part while everything fails; at the end all of it is mended. */
export async function workThrough(day: Day, size: Size): Promise<void> {
  const staff: Colleague[] = names.map((name, n) => colleague(day, name, diceOf(day.seed, -1 - n)));
  deal(staff, day.dice);
  for (let nth = 0; nth < Math.min(AT_FIRST, size.tickets); nth++) await open(day, nth);
  const visits = (ticket: DayTicket) =>
    works(ticket.dice, size.ofCustomers, size.pauseMs, () => customerActs(day, ticket));
  const comes = async (nth: number, afterMs: number) => {
    await sleep(afterMs);
    await visits(await open(day, nth));
  };
  const arrivals = diceOf(day.seed, -100);
  const all = [
    ...day.tickets.map(visits),
    ...Array.from({ length: size.tickets - day.tickets.length }, (_, n) =>
      comes(AT_FIRST + n, size.arriveMs * arrivals.random()),
    ),
    ...staff.map((who) => works(who.dice, size.ofStaff, 200, () => staffActs(day, who))),
  ];
  let left = all.length;
  const counted = all.map((one) => one.finally(() => left--));
  await Promise.all([...counted, trouble(day, size.isLong, () => left === 0)]);
  await mendAll(day);
  await Promise.all([
    ...staff.map((who) => finishDeck(day, who)),
    ...day.tickets.map((ticket) => lastReaction(ticket)),
  ]);
}
