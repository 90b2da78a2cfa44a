import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import {
  type CategoryBody,
  type CategoryView,
  type ChangeCategoryBody,
  catalogueSizes,
} from '../../contract/catalogue.ts';
import { AppError, notFound } from '../../errors.ts';
import { type Actor, isStaff } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { native, oid } from '../log/collections.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
import { isNamed, watchName } from '../vacated-names.ts';
import { type Category, forgetCategories, listCategories } from './categories.ts';

function viewFor(actor: Actor, { support_role, ...rest }: Category): CategoryView {
  return isStaff(actor) ? { ...rest, support_role } : rest;
}

/** All categories by name; customers get those that are in use, without whom they are routed to. */
export async function getCategories(ctx: AppContext, actor: Actor): Promise<CategoryView[]> {
  requireRight(ctx.config, actor, 'read_catalogue', undefined);
  const all = await listCategories(ctx);
  const shown = isStaff(actor) ? all : all.filter(({ archived }) => !archived);
  return shown.map((category) => viewFor(actor, category));
}

const toConflict = (error: unknown) =>
  isDuplicateKey(error)
    ? new AppError('CONFLICT', 'there is a category of this name already')
    : error;

/** @throws AppError FORBIDDEN, CONFLICT (the name is taken, or there are too many) */
export async function createCategory(
  ctx: AppContext,
  actor: Actor,
  { name, support_role = null }: CategoryBody,
): Promise<CategoryView> {
  requireRight(ctx.config, actor, 'write_catalogue', undefined);
  if ((await listCategories(ctx)).length >= catalogueSizes.categories) {
    throw new AppError('CONFLICT', `there are ${catalogueSizes.categories} categories already`);
  }
  const row = { _id: new Types.ObjectId(), name, support_role, archived: false };
  try {
    await native(ctx.db.categories).insertOne(row);
  } catch (error) {
    throw toConflict(error);
  }
  forgetCategories(ctx);
  return viewFor(actor, { id: row._id.toHexString(), name, support_role, archived: false });
}

const withoutId = ({ id: _id, ...row }: Category) => row;

async function requireCategory(ctx: AppContext, id: string): Promise<Category> {
  forgetCategories(ctx);
  const category = (await listCategories(ctx)).find((one) => one.id === id);
  if (!category) throw notFound('category');
  return category;
}

/**
 * Changes what the body names. One that tickets have keeps its name.
 * @throws AppError NOT_FOUND, FORBIDDEN, CONFLICT
 */
export async function changeCategory(
  ctx: AppContext,
  actor: Actor,
  id: string,
  body: ChangeCategoryBody,
): Promise<CategoryView> {
  requireRight(ctx.config, actor, 'write_catalogue', undefined);
  const category = await requireCategory(ctx, id);
  const { name = category.name } = body;
  if (name !== category.name) {
    if (await isNamed(ctx, 'categories', category.name)) {
      throw new AppError('CONFLICT', 'tickets have this category: its name stays');
    }
    await watchName(ctx, 'categories', withoutId(category));
  }
  const given = Object.entries(body).filter(([, value]) => value !== undefined);
  const $set = Object.fromEntries(given);
  try {
    await native(ctx.db.categories).updateOne({ _id: oid(id) }, { $set });
  } catch (error) {
    throw toConflict(error);
  }
  return viewFor(actor, await requireCategory(ctx, id));
}

/**
 * Removes a category that no ticket has, and archives one that some have.
 * @throws AppError NOT_FOUND, FORBIDDEN
 */
export async function deleteCategory(ctx: AppContext, actor: Actor, id: string): Promise<void> {
  requireRight(ctx.config, actor, 'write_catalogue', undefined);
  const category = await requireCategory(ctx, id);
  const categories = native(ctx.db.categories);
  // First, so that hardly a ticket gets it while it is looked for.
  await categories.updateOne({ _id: oid(id) }, { $set: { archived: true } });
  forgetCategories(ctx);
  if (await isNamed(ctx, 'categories', category.name)) return;
  await watchName(ctx, 'categories', withoutId(category));
  await categories.deleteOne({ _id: oid(id) });
  forgetCategories(ctx);
}
