import { authorOf, systemActor } from '../../src/domain/access/actor.ts';
import type {
  Author,
  Entry,
  MessageChangeEntry,
  MessageEntry,
  Stream,
  Ticket,
} from '../../src/domain/log/entry.ts';
import type { SlaRules } from '../../src/domain/sla/service-level.ts';
import { afterStep, keyOf, nextStep, type SlaStep } from '../../src/domain/sla/steps.ts';
import { changesOf, fieldsAfter } from '../../src/domain/tickets/engine.ts';
import { drawText, type Language, type Random } from './desk-text.ts';

/** What the histories of one desk have in common. */
export interface DeskPlan {
  random: Random;
  /** Ids in the order of time. */
  nextId(at: number): string;
  rules: SlaRules;
  /** Nothing happens after this, milliseconds since 1970. */
  horizon: number;
}

const HOUR_MS = 3_600_000;
const share = { edited: 0.02, deleted: 0.01 };
const system = authorOf(systemActor);

/** A change of a ticket, as `changeTicket` takes it. */
interface Change {
  action: string;
  author: Author;
  stream?: Stream;
  to(ticket: Ticket, at: number): Partial<Ticket>;
}

/** Writes the two logs of one ticket as the verbs would, in the order of time. */
export class TicketHistory {
  readonly entries: Entry[] = [];
  readonly customer: Author;
  readonly language: Language;
  readonly #plan: DeskPlan;
  readonly #longestRest: number;
  readonly #seqs: Record<Stream, number> = { public: 0, internal: 0 };
  #ticket: Ticket;
  #at: number;
  #next: SlaStep | undefined;

  /** @param expected about how many entries there will be: they have to fit before the horizon */
  constructor(ticket: Ticket, plan: DeskPlan, language: Language, expected: number) {
    this.#ticket = ticket;
    this.#plan = plan;
    this.language = language;
    this.#at = ticket.created_at;
    this.#longestRest = Math.min(HOUR_MS, (plan.horizon - this.#at) / (expected + 1));
    this.#next = nextStep(ticket, plan.rules);
    const { owner, username, user_role } = ticket;
    this.customer = { key: owner, id: owner, name: username, role: user_role };
  }

  get ticket(): Ticket {
    return this.#ticket;
  }

  /** Time passes, and with it what the clock alone brings. */
  pass(ms: number = this.#plan.random() * this.#longestRest): void {
    const to = Math.min(this.#plan.horizon, this.#at + Math.floor(ms));
    for (let step = this.#next; step && step.at <= to; step = this.#next) {
      this.#at = Math.max(this.#at, step.at);
      this.#say(step);
    }
    this.#at = to;
  }

  #say(step: SlaStep): void {
    const place = this.#place('internal', system);
    const clientId = keyOf(step, this.#ticket);
    const data = step.kind === 'sla_escalation' ? {} : { target: step.target, due: step.due };
    const fields = afterStep(this.#ticket, step, place.at);
    const changes = changesOf(this.#ticket, fields);
    this.#ticket = { ...this.#ticket, ...fields };
    this.entries.push({
      ...{ ...place, client_id: clientId, origin: 'system', type: 'ticket_change' },
      ...{ action: step.kind, changes, data, ticket: this.#ticket },
    });
    this.#next = nextStep(this.#ticket, this.#plan.rules);
  }

  #place(stream: Stream, author: Author) {
    const id = this.#plan.nextId(this.#at);
    const { id: ticket_id, owner } = this.#ticket;
    const place = { id, ticket_id, stream, seq: ++this.#seqs[stream], owner };
    return { ...place, at: this.#at, author, client_id: id, origin: 'web' as const };
  }

  /** A message or a note, and now and then an edit or its deletion. */
  write(stream: Stream, author: Author): void {
    this.pass();
    const { random } = this.#plan;
    const content = drawText(random, 10 + Math.floor(random() * 50), this.language);
    const first: MessageEntry = { ...this.#place(stream, author), type: 'message', content };
    this.entries.push(first);
    const chance = random();
    if (chance < share.edited) this.#change('edit', first);
    else if (chance < share.edited + share.deleted) this.#change('delete', first);
  }

  #change(type: 'edit' | 'delete', first: MessageEntry): void {
    this.pass();
    const { id, seq, at, author, client_id, origin } = first;
    const of = { id, seq, at, author, client_id, origin };
    const content = type === 'edit' ? drawText(this.#plan.random, 30, this.language) : '';
    const change: MessageChangeEntry = {
      ...this.#place(first.stream, author),
      ...{ type, content, files: [], of },
    };
    this.entries.push(change);
  }

  /** Sets fields of the ticket, and what follows from a status among them; nothing where none differ. */
  set({ action, author, stream = 'public', to }: Change): void {
    this.pass();
    const before = this.#ticket;
    const fields = fieldsAfter(before, to(before, this.#at), this.#at);
    const changes = changesOf(before, fields);
    if (Object.keys(changes).length === 0) return;
    const place = this.#place(stream, author);
    const after = Object.fromEntries(
      Object.keys(changes).map((name) => [name, changes[name]?.[1]]),
    );
    const isPublic = stream === 'public';
    const ending = changes.closed_at?.[1] ? { ending_seq: place.seq } : {};
    this.#ticket = {
      ...{ ...before, ...after },
      ...(isPublic && { updated_at: place.at, status_seq: place.seq, ...ending }),
    };
    this.entries.push({ ...place, type: 'ticket_change', action, changes, ticket: this.#ticket });
    this.#next = nextStep(this.#ticket, this.#plan.rules);
  }

  /** Up to the horizon. */
  settle(): void {
    this.pass(this.#plan.horizon - this.#at);
  }
}
