import { setTimeout as sleep } from 'node:timers/promises';
import { type Colleague, colleague } from './colleague.ts';
import { customerActs } from './customers.ts';
import type { Day } from './day.ts';
import { type Dice, diceOf, shuffled } from './dice.ts';
import { deal } from './moves.ts';
import { finishDeck, staffActs } from './staff.ts';
import { mendAll, troubles } from './troubles.ts';

export interface Size {
  tickets: number;
  /** How much each customer, and each of the staff, does. */
  ofCustomers: number;
  ofStaff: number;
}

const levels = ['NORMAL', 'URGENT', 'CRITICAL'] as const;
const names = ['admin', 'manager', 'lee', 'developer', 'noa', 'kim', 'robin', 'sam'] as const;

async function works(dice: Dice, times: number, act: () => Promise<void>): Promise<void> {
  for (let n = 0; n < times; n++) {
    await act();
    await sleep(200 * dice.random());
  }
}

/** Every trouble once, and again for as long as somebody works. */
async function trouble(day: Day, isOver: () => boolean): Promise<void> {
  do {
    for (const one of shuffled(troubles, day.dice)) {
      await one(day);
      await sleep(300 * day.dice.random());
    }
  } while (!isOver());
}

/** Everybody does their part while everything fails; at the end all of it is mended. */
export async function workThrough(day: Day, size: Size): Promise<void> {
  for (let n = 0; n < size.tickets; n++) await day.openTicket(levels[n % 3] ?? 'NORMAL');
  const staff: Colleague[] = names.map((name, n) => colleague(day, name, diceOf(day.seed, -1 - n)));
  deal(staff, day.dice);
  let left = day.tickets.length + staff.length;
  const done = () => {
    left--;
  };
  await Promise.all([
    ...day.tickets.map((ticket) =>
      works(ticket.dice, size.ofCustomers, () => customerActs(day, ticket)).finally(done),
    ),
    ...staff.map((who) => works(who.dice, size.ofStaff, () => staffActs(day, who)).finally(done)),
    trouble(day, () => left === 0 || size.ofStaff < 100),
  ]);
  await mendAll(day);
  await Promise.all(staff.map((who) => finishDeck(day, who)));
}
