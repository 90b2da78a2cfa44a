import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { MessageView } from '../../src/contract/messages.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import { deleteMessage, editMessage } from '../../src/domain/messages/change.ts';
import { listMessages } from '../../src/domain/messages/list.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { closeTicket } from '../../src/domain/tickets/close.ts';
import { createTicket } from '../../src/domain/tickets/create.ts';
import { updateTicket } from '../../src/domain/tickets/update.ts';
import { AppError } from '../../src/errors.ts';
import { chooseSeed, long } from '../cluster/support/history.ts';
import { type RunningApp, startApp } from '../support/app.ts';
import { expectSoundLog } from '../support/sound-log.ts';

let app: RunningApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app.stop());

const people: Actor[] = (['CUSTOMER', 'AGENT'] as const).map((role) => ({
  key: `model-${role}`,
  id: `model-${role}`,
  username: role,
  email: `${role}@example.com`,
  role,
  origin: 'web',
}));

const who = fc.integer({ min: 0, max: 1 });
const content = fc.constantFrom('a', 'b', 'c');
const command = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('send' as const),
      who,
      content,
      clientId: fc.option(fc.integer({ min: 0, max: 2 }), { nil: undefined }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('edit' as const),
      who,
      content,
      index: fc.nat({ max: 5 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('delete' as const), who, index: fc.nat({ max: 5 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('level' as const),
      who,
      level: fc.constantFrom('NORMAL' as const, 'URGENT' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close' as const), who }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('sync' as const),
      limit: fc.integer({ min: 1, max: 3 }),
    }),
  },
);
type Command = typeof command extends fc.Arbitrary<infer C> ? C : never;

interface ModelMessage {
  id: string;
  who: number;
  seq: number;
  rev: number;
  first: string;
  content: string;
  deleted: boolean;
}

/** A ticket's log as a plain array would keep it, and a client that syncs now and then. */
class Model {
  messages: ModelMessage[] = [];
  seen = new Map<string, ModelMessage>();
  head = 0;
  closed = false;
  answered = false;
  level = 'NORMAL';
  cursor = 0;
  client = new Map<string, MessageView>();
  readonly ticketId: string;

  constructor(ticketId: string) {
    this.ticketId = ticketId;
  }

  target(index: number): ModelMessage | undefined {
    return this.messages[index % Math.max(1, this.messages.length)];
  }
}

/** The error's code, or the value. */
async function outcomeOf<T>(work: Promise<T>): Promise<T | string> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
}

async function runSend(model: Model, step: Command & { type: 'send' }): Promise<void> {
  const { clientId } = step;
  const body = {
    content: step.content,
    ...(clientId !== undefined && { client_id: `c${clientId}` }),
  };
  const got = await outcomeOf(
    sendMessage(app.ctx, people[step.who] as Actor, model.ticketId, body),
  );
  const key = `${step.who} ${clientId}`;
  const seen = clientId === undefined ? undefined : model.seen.get(key);
  if (seen) {
    const same = seen.first === step.content;
    const { id, rev, deleted } = seen;
    if (same) expect(got).toMatchObject({ repeated: true, message: { id, rev, deleted } });
    else expect(got).toBe('CONFLICT');
    return;
  }
  if (model.closed) return expect(got).toBe('CONFLICT');
  const seq = ++model.head;
  expect(got).toMatchObject({ repeated: false, message: { seq, rev: seq, content: step.content } });
  const { id } = (got as { message: MessageView }).message;
  const message = {
    id,
    who: step.who,
    seq,
    rev: seq,
    first: step.content,
    content: step.content,
    deleted: false,
  };
  model.messages.push(message);
  // The first answer of staff takes the ticket on, by an entry of its own.
  if (step.who === 1 && !model.answered) {
    model.answered = true;
    model.head++;
  }
  if (clientId !== undefined) model.seen.set(key, message);
}

async function runChange(model: Model, step: Command & { type: 'edit' | 'delete' }): Promise<void> {
  const target = model.target(step.index);
  const id = target?.id ?? 'f'.repeat(24);
  const actor = people[step.who] as Actor;
  const got = await outcomeOf(
    step.type === 'edit'
      ? editMessage(app.ctx, actor, model.ticketId, id, { content: step.content })
      : deleteMessage(app.ctx, actor, model.ticketId, id),
  );
  const mayChange = target?.who === step.who || (step.type === 'delete' && step.who === 1);
  if (model.closed) return expect(got).toBe('CONFLICT');
  if (!target || target.deleted) return expect(got).toBe('NOT_FOUND');
  if (!mayChange) return expect(got).toBe('FORBIDDEN');
  const isNews = step.type === 'delete' || step.content !== target.content;
  if (isNews) target.rev = ++model.head;
  target.deleted = step.type === 'delete';
  target.content = step.type === 'edit' ? step.content : '';
  const { seq, rev, deleted } = target;
  expect(got).toMatchObject({ id, seq, rev, deleted, content: target.content });
}

async function runStatus(model: Model, step: Command & { type: 'level' | 'close' }): Promise<void> {
  const actor = people[step.who] as Actor;
  if (step.type === 'close') {
    const got = await outcomeOf(closeTicket(app.ctx, actor, model.ticketId, {}));
    if (!model.closed) model.head++;
    model.closed = true;
    return expect(got).toMatchObject({ status: 'CLOSED', last_seq: model.head });
  }
  const body = { issue_level: step.level };
  const got = await outcomeOf(updateTicket(app.ctx, actor, model.ticketId, body));
  if (step.who === 0) return expect(got).toBe('FORBIDDEN');
  if (model.closed) return expect(got).toBe('CONFLICT');
  if (model.level !== step.level) model.head++;
  model.level = step.level;
  expect(got).toMatchObject({ issue_level: step.level, last_seq: model.head });
}

/** The client reads page after page, and afterwards has what the model has. */
async function runSync(model: Model, limit: number): Promise<void> {
  for (let more = true; more; ) {
    const page = await listMessages(app.ctx, people[0] as Actor, model.ticketId, {
      after: model.cursor,
      limit,
    });
    for (const message of page.messages) {
      expect(message.rev).toBeGreaterThan(model.cursor);
      model.cursor = message.rev;
      if (message.deleted) model.client.delete(message.id);
      else model.client.set(message.id, message);
    }
    expect(page.head).toBe(model.head);
    more = page.more;
  }
  const kept = [...model.client.values()].toSorted((a, b) => a.seq - b.seq);
  expect(kept.map(({ id, rev, content: text }) => [id, rev, text])).toEqual(
    model.messages
      .filter(({ deleted }) => !deleted)
      .map(({ id, rev, content: text }) => [id, rev, text]),
  );
}

/** Whoever was away and has caught up sees what somebody sees who has only just come. */
async function expectSameAsFresh(model: Model): Promise<void> {
  const fresh = await listMessages(app.ctx, people[0] as Actor, model.ticketId, {});
  const kept = [...model.client.values()].toSorted((a, b) => a.seq - b.seq);
  expect(kept).toEqual(fresh.messages);
}

async function runSequence(steps: Command[]): Promise<void> {
  const body = { topic: 't', description: 'd' };
  const { ticket } = await createTicket(app.ctx, people[0] as Actor, body);
  const model = new Model(ticket.id);
  for (const step of steps) {
    if (step.type === 'send') await runSend(model, step);
    else if (step.type === 'edit' || step.type === 'delete') await runChange(model, step);
    else if (step.type === 'sync') await runSync(model, step.limit);
    else await runStatus(model, step);
  }
  await runSync(model, 2);
  await expectSameAsFresh(model);
  expect(await expectSoundLog(app.ctx, ticket.id)).toHaveLength(model.head);
}

/** How many sequences at a time, how often, how long each: `npm test`, and `npm run test:faults`. */
const size = long
  ? { together: 50, runs: 100, commands: 30 }
  : { together: 20, runs: 20, commands: 10 };

test(`17: ${size.together * size.runs} random sequences of commands do to the log what they do to a plain array`, async () => {
  const sequence = fc.array(command, { minLength: 1, maxLength: size.commands, size: 'max' });
  // Many at a time, so that their commits meet in the same batches.
  const together = fc.array(sequence, { minLength: size.together, maxLength: size.together });
  await fc.assert(
    fc.asyncProperty(together, async (sequences) => {
      await Promise.all(sequences.map(runSequence));
    }),
    { numRuns: size.runs, seed: chooseSeed(20_260_101), endOnFailure: true },
  );
}, 1_200_000);
