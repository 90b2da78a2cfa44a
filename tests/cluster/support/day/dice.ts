import { seededRandom } from '../../../support/random.ts';

/** What one of the cast draws from: a stream of its own, so that what others do does not change it. */
export interface Dice {
  random(): number;
  /** Undefined where there is nothing to choose from. */
  pick<T>(items: readonly T[]): T;
  /** Chooses by how often each is to come. */
  draw<T>(table: readonly (readonly [often: number, item: T])[]): T;
}

export function diceOf(seed: number, who: number): Dice {
  const random = seededRandom(seed * 1009 + who);
  return {
    random,
    pick: <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T,
    draw<T>(table: readonly (readonly [number, T])[]): T {
      let left = random() * table.reduce((sum, [often]) => sum + often, 0);
      for (const [often, item] of table) {
        left -= often;
        if (left <= 0) return item;
      }
      return table.at(-1)?.[1] as T;
    },
  };
}

export function shuffled<T>(items: readonly T[], { random }: Dice): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
