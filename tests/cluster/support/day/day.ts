import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { personOf } from '../../../../simulator/person.ts';
import type { RunningSimulator } from '../../../../simulator/server.ts';
import type { TicketView } from '../../../../src/contract/tickets.ts';
import { discordEnv, stateOf } from '../../../support/discord.ts';
import { eventually } from '../../../support/eventually.ts';
import { mintToken, newPerson, type Person } from '../../../support/people.ts';
import type { Cluster } from '../cluster.ts';
import type { NodeProcess } from '../node-process.ts';
import { CustomerEar } from './customer-ear.ts';
import { type Dice, diceOf } from './dice.ts';
import type { Gap, Sent, Use } from './evidence.ts';
import { Witness } from './witness.ts';

export interface DayTicket {
  id: string;
  number: number;
  customer: Person;
  staffToken: string;
  ear: CustomerEar;
  sent: Sent[];
  dice: Dice;
}

/** A server, one bot at a time, Discord, and all that is written down of a day. */
export class Day {
  readonly tickets: DayTicket[] = [];
  readonly uses: Use[] = [];
  readonly gaps: Gap[] = [];
  /** What the troubles did, in order, for the history. */
  readonly diary: string[] = [];
  readonly witness: Witness;
  /** What a bot that starts is told beside the rest: it changes with the guild. */
  readonly env: Record<string, string> = {};
  readonly cluster: Cluster;
  readonly sim: RunningSimulator;
  readonly dice: Dice;
  readonly seed: number;
  bot: NodeProcess | undefined;
  #words = 0;
  #bots = 0;
  readonly #hangUp: () => void;

  private constructor(cluster: Cluster, sim: RunningSimulator, seed: number, ear: Ear) {
    this.cluster = cluster;
    this.sim = sim;
    this.seed = seed;
    this.dice = diceOf(seed, 0);
    this.witness = new Witness(ear, sim.state.bot.id);
    this.#hangUp = ear.close;
  }

  static async begin(cluster: Cluster, sim: RunningSimulator, seed: number): Promise<Day> {
    const day = new Day(cluster, sim, seed, await personOf(sim, 'admin').listen());
    await day.startBot();
    return day;
  }

  get db(): Db {
    return this.cluster.client.db(this.cluster.database);
  }

  get url(): string {
    return this.cluster.urls()[0] as string;
  }

  word(): string {
    return `word${++this.#words}`;
  }

  note(what: string): void {
    this.diary.push(`${new Date().toISOString()} ${what}`);
  }

  async openTicket(level: string): Promise<void> {
    const customer = newPerson(this.url, 'CUSTOMER');
    const staffToken = mintToken({ id: 'day-admin', role: 'ADMIN' });
    const ticket = await customer.createTicket();
    // Developers see the channels of TECHNICAL alone.
    const support_role = this.tickets.length % 2 === 0 ? 'GENERAL' : 'TECHNICAL';
    if (level !== 'NORMAL' || support_role !== 'GENERAL') {
      await fetch(`${this.url}/api/v1/tickets/${ticket.id}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${staffToken}`, 'content-type': 'application/json' },
        body: JSON.stringify({ issue_level: level, support_role }),
      });
    }
    const { id, number } = ticket as TicketView;
    const ear = new CustomerEar(this.url, customer.token, id);
    this.tickets.push({
      id,
      number,
      customer,
      staffToken,
      ear,
      sent: [],
      dice: diceOf(this.seed, number),
    });
  }

  async startBot(): Promise<void> {
    const env = { ROLES: 'bot', ...discordEnv(this.sim), ...this.env };
    this.bot = await this.cluster.add(`bot-${++this.#bots}`, env);
    await this.botConnected();
  }

  botConnected(): Promise<void> {
    return eventually(
      async () => {
        const { sessions } = await stateOf(this.sim, '?calls=0&messages=0');
        const own = sessions.filter((one: { user: string }) => one.user === 'deskcord');
        if (!own.some((one: { connected: boolean }) => one.connected)) throw new Error('no bot');
      },
      { timeout: 60_000, every: 100 },
    );
  }

  /** Kills the bot with -9; the next one comes after a while. */
  async killBot(awayMs: number): Promise<void> {
    await this.without('the bot is killed', async () => {
      await this.bot?.kill();
      await sleep(awayMs);
      // A dead bot's lease runs out after 15 s: nobody waits for that here.
      await this.db.collection('leases').updateMany({}, { $set: { until: 0 } });
      await this.startBot();
    });
  }

  /** Writes down that no bot could answer while this went on. */
  async without(why: string, work: () => Promise<unknown>): Promise<void> {
    this.note(why);
    const gap = { from: Date.now(), until: Number.POSITIVE_INFINITY, why };
    this.gaps.push(gap);
    await work();
    // It takes over what waits, and has a moment to come to it.
    gap.until = Date.now() + 1000;
    this.note(`${why}: over`);
  }

  end(): void {
    for (const { ear } of this.tickets) ear.socket.disconnect();
    this.#hangUp();
  }
}

type Ear = Awaited<ReturnType<ReturnType<typeof personOf>['listen']>>;
