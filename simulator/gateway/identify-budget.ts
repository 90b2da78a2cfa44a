import type { User } from '../entities.ts';
import type { Settings } from '../settings.ts';

const PER_DAY = 1000;

/** Counts IDENTIFYs: so many a day, and for bots not too close together. */
export class IdentifyBudget {
  /** Left of the thousand a day. */
  left = PER_DAY;
  private readonly settings: Settings;
  private readonly last = new Map<string, number>();

  constructor(settings: Settings) {
    this.settings = settings;
  }

  /** Counts one; false when it comes too soon after the one before. */
  take(user: User): boolean {
    const now = Date.now();
    const last = this.last.get(user.id) ?? 0;
    if (user.bot && now - last < this.settings.identifyIntervalMs) return false;
    this.last.set(user.id, now);
    this.left -= 1;
    return true;
  }

  reset(): void {
    this.left = PER_DAY;
    this.last.clear();
  }
}
