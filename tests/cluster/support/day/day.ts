import { setTimeout as sleep } from 'node:timers/promises';
import type { Db } from 'mongodb';
import { personOf } from '../../../../simulator/person.ts';
import type { RunningSimulator } from '../../../../simulator/server.ts';
import type { TicketView } from '../../../../src/contract/tickets.ts';
import { discordEnv, stateOf } from '../../../support/discord.ts';
import { eventually } from '../../../support/eventually.ts';
import { mintToken, newPerson, type Person, personAt } from '../../../support/people.ts';
import type { Cluster } from '../cluster.ts';
import type { NodeProcess } from '../node-process.ts';
import { CustomerEar } from './customer-ear.ts';
import { type Dice, diceOf } from './dice.ts';
import { type Gap, type Reacted, type Sent, STANDSTILL, type Use } from './evidence.ts';
import { told } from './told.ts';
import { Witness } from './witness.ts';

const LOOK_MS = 250;
/** A process that does nothing is behind by so much only where there is nothing left for anybody. */
const LATE_MS = 750;

export interface DayTicket {
  id: string;
  number: number;
  customer: Person;
  staffToken: string;
  ear: CustomerEar;
  sent: Sent[];
  reacted: Reacted[];
  dice: Dice;
}

export interface Beginning {
  cluster: Cluster;
  sim: RunningSimulator;
  seed: number;
  /** What its bots are told beside where Discord is. */
  env: Record<string, string>;
}

/** A server, one bot at a time, Discord, and all that is written down of a day. */
export class Day {
  readonly tickets: DayTicket[] = [];
  readonly uses: Use[] = [];
  readonly gaps: Gap[] = [];
  /** When all was mended, in milliseconds since 1970. */
  calmFrom = Number.POSITIVE_INFINITY;
  /** What the troubles did, in order, for the history. */
  readonly diary: string[] = [];
  readonly witness: Witness;
  /** What a bot that starts is told beside the rest: it changes with the guild. */
  readonly env: Record<string, string>;
  readonly cluster: Cluster;
  readonly sim: RunningSimulator;
  readonly dice: Dice;
  readonly seed: number;
  bot: NodeProcess | undefined;
  #admin: ReturnType<typeof personAt> | undefined;
  #ended = false;
  #words = 0;
  #bots = 0;
  readonly #hangUp: () => void;

  private constructor({ cluster, sim, seed, env }: Beginning, ear: Ear) {
    this.cluster = cluster;
    this.sim = sim;
    this.seed = seed;
    this.env = { ...env };
    this.dice = diceOf(seed, 0);
    this.witness = new Witness(ear, sim.state.bot.id);
    this.#hangUp = ear.close;
  }

  static async begin(beginning: Beginning): Promise<Day> {
    const day = new Day(beginning, await personOf(beginning.sim, 'admin').listen());
    await day.startBot();
    return day;
  }

  /** One of the staff who looks from outside of Discord. */
  get admin(): ReturnType<typeof personAt> {
    this.#admin ??= personAt(this.url, mintToken({ id: 'day-admin', role: 'ADMIN' }));
    return this.#admin;
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

  async openTicket(level: string, isTechnical: boolean): Promise<DayTicket> {
    const customer = newPerson(this.url, 'CUSTOMER');
    const { token: staffToken } = this.admin;
    const client_id = this.word();
    const body = { topic: 'A parcel', description: 'It has not come.', client_id };
    const { id, number } = await told(() => customer.call<TicketView>('POST', '/tickets', body));
    // Developers see the channels of TECHNICAL alone.
    const support_role = isTechnical ? 'TECHNICAL' : 'GENERAL';
    if (level !== 'NORMAL' || isTechnical) {
      const change = { issue_level: level, support_role };
      await told(() => this.admin.call('PATCH', `/tickets/${id}`, change));
    }
    const ear = new CustomerEar(this.url, customer.token, id);
    const dice = diceOf(this.seed, number);
    const ticket: DayTicket = {
      id,
      number,
      customer,
      staffToken,
      ear,
      sent: [],
      reacted: [],
      dice,
    };
    this.tickets.push(ticket);
    return ticket;
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

  /** Writes down when the machine itself stands still: who is answered late then, is not late by the bot's fault. */
  async watchMachine(): Promise<void> {
    while (!this.#ended) {
      const from = Date.now();
      await sleep(LOOK_MS);
      await this.db.command({ ping: 1 }).catch(() => undefined);
      const until = Date.now();
      const isLate = until - from - LOOK_MS > LATE_MS;
      if (isLate) this.gaps.push({ from, until, why: STANDSTILL });
    }
  }

  end(): void {
    this.#ended = true;
    for (const { ear } of this.tickets) ear.socket.disconnect();
    this.#hangUp();
  }
}

type Ear = Awaited<ReturnType<ReturnType<typeof personOf>['listen']>>;
