import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import {
  type ChangePriorityBody,
  catalogueSizes,
  type PriorityBody,
  type PriorityView,
} from '../../contract/catalogue.ts';
import { AppError, notFound } from '../../errors.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { native, oid } from '../log/collections.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
import { isNamed, watchName } from '../vacated-names.ts';
import { forgetPriorities, listPriorities, type Priority } from './priorities.ts';

function viewFor(actor: Actor, priority: Priority): PriorityView {
  const { first_response_ms, resolution_ms, ...rest } = priority;
  return isStaff(actor) ? { ...rest, first_response_ms, resolution_ms } : rest;
}

/** All priorities, the least urgent first; customers get those that are in use, without times. */
export async function getPriorities(ctx: AppContext, actor: Actor): Promise<PriorityView[]> {
  requireRight(ctx.config, actor, 'read_catalogue', undefined);
  const all = await listPriorities(ctx);
  const shown = isStaff(actor) ? all : all.filter(({ archived }) => !archived);
  return shown.map((priority) => viewFor(actor, priority));
}

const toConflict = (error: unknown) =>
  isDuplicateKey(error)
    ? new AppError('CONFLICT', 'there is a priority of this name already')
    : error;

/** @throws AppError FORBIDDEN, CONFLICT (the name is taken, or there are too many) */
export async function createPriority(
  ctx: AppContext,
  actor: Actor,
  body: PriorityBody,
): Promise<PriorityView> {
  requireRight(ctx.config, actor, 'write_catalogue', undefined);
  if ((await listPriorities(ctx)).length >= catalogueSizes.priorities) {
    throw new AppError('CONFLICT', `there are ${catalogueSizes.priorities} priorities already`);
  }
  const row = { _id: new Types.ObjectId(), ...body, archived: false };
  try {
    await native(ctx.db.priorities).insertOne(row);
  } catch (error) {
    throw toConflict(error);
  }
  forgetPriorities(ctx);
  return viewFor(actor, { id: row._id.toHexString(), ...body, archived: false });
}

async function requirePriority(ctx: AppContext, id: string): Promise<Priority> {
  forgetPriorities(ctx);
  const priority = (await listPriorities(ctx)).find((one) => one.id === id);
  if (!priority) throw notFound('priority');
  return priority;
}

const withoutId = ({ id: _id, ...row }: Priority) => row;

/**
 * Every level keeps a priority, which setting the level gives.
 * @throws AppError CONFLICT where this is the last that may be given
 */
async function requireOther(ctx: AppContext, priority: Priority): Promise<void> {
  const isLast = !(await listPriorities(ctx)).some(
    ({ id, issue_level, archived }) =>
      !archived && id !== priority.id && issue_level === priority.issue_level,
  );
  if (isLast) {
    throw new AppError('CONFLICT', `it is the last priority of the level ${priority.issue_level}`);
  }
}

/**
 * Changes a priority that may then no longer be given in its level. Looks once more afterwards: of two
 * that go at once each would find the other still there. Then the change is taken back.
 * @throws AppError CONFLICT
 */
async function changeGiven(ctx: AppContext, before: Priority, $set: object): Promise<void> {
  await requireOther(ctx, before);
  const priorities = native(ctx.db.priorities);
  await priorities.updateOne({ _id: oid(before.id) }, { $set });
  forgetPriorities(ctx);
  try {
    await requireOther(ctx, before);
  } catch (error) {
    await priorities.updateOne({ _id: oid(before.id) }, { $set: withoutId(before) });
    forgetPriorities(ctx);
    throw error;
  }
}

/**
 * Changes what the body names. Of one that tickets have, the name and the level stay.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT
 */
export async function changePriority(
  ctx: AppContext,
  actor: Actor,
  id: string,
  body: ChangePriorityBody,
): Promise<PriorityView> {
  requireRight(ctx.config, actor, 'write_catalogue', undefined);
  const priority = await requirePriority(ctx, id);
  const { name = priority.name, issue_level = priority.issue_level, archived = false } = body;
  const moves = issue_level !== priority.issue_level;
  if (moves || name !== priority.name) {
    if (await isNamed(ctx, 'priorities', priority.name)) {
      throw new AppError('CONFLICT', 'tickets have this priority: its name and its level stay');
    }
    if (name !== priority.name) await watchName(ctx, 'priorities', withoutId(priority));
  }
  const given = Object.entries(body).filter(([, value]) => value !== undefined);
  const $set = Object.fromEntries(given);
  try {
    if (!priority.archived && (moves || archived)) await changeGiven(ctx, priority, $set);
    else await native(ctx.db.priorities).updateOne({ _id: oid(id) }, { $set });
  } catch (error) {
    throw toConflict(error);
  }
  return viewFor(actor, await requirePriority(ctx, id));
}

/**
 * Removes a priority that no ticket has, and archives one that some have.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT (it is the last of its level)
 */
export async function deletePriority(ctx: AppContext, actor: Actor, id: string): Promise<void> {
  requireRight(ctx.config, actor, 'write_catalogue', undefined);
  const priority = await requirePriority(ctx, id);
  // First, so that hardly a ticket gets it while it is looked for.
  if (!priority.archived) await changeGiven(ctx, priority, { archived: true });
  if (await isNamed(ctx, 'priorities', priority.name)) return;
  await watchName(ctx, 'priorities', withoutId(priority));
  await native(ctx.db.priorities).deleteOne({ _id: oid(id) });
  forgetPriorities(ctx);
}
