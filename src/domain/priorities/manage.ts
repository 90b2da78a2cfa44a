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

async function isInUse(ctx: AppContext, { name }: Priority): Promise<boolean> {
  const found = await native(ctx.db.tickets).findOne(
    { priority: name },
    { projection: { _id: 1 } },
  );
  return found !== null;
}

/** Every level keeps a priority, which setting the level gives. */
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
  if ((moves || name !== priority.name) && (await isInUse(ctx, priority))) {
    throw new AppError('CONFLICT', 'tickets have this priority: its name and its level stay');
  }
  if (!priority.archived && (moves || archived)) await requireOther(ctx, priority);
  const given = Object.entries(body).filter(([, value]) => value !== undefined);
  const $set = Object.fromEntries(given);
  try {
    await native(ctx.db.priorities).updateOne({ _id: oid(id) }, { $set });
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
  if (!priority.archived) await requireOther(ctx, priority);
  const priorities = native(ctx.db.priorities);
  // First, so that no ticket gets it while it is looked for.
  await priorities.updateOne({ _id: oid(id) }, { $set: { archived: true } });
  if (!(await isInUse(ctx, priority))) await priorities.deleteOne({ _id: oid(id) });
  forgetPriorities(ctx);
}
