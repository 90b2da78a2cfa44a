import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import {
  type ChangePackageBody,
  type ListPackagesQuery,
  type PackageBody,
  type PackageView,
  packageSizes,
} from '../../contract/packages.ts';
import { AppError, notFound } from '../../errors.ts';
import type { PackageRow } from '../../models/customer.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { foldText } from '../folding.ts';
import { majority, native, oid } from '../log/collections.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
import { type Page, readRows } from '../pages.ts';

function packageView(row: PackageRow): PackageView {
  const { _id, name_key: _name, sort_key: _sort, uses: _uses, ...rest } = row;
  return { id: _id.toHexString(), ...rest };
}

function toConflict(error: unknown): unknown {
  if (!isDuplicateKey(error)) return error;
  return new AppError('CONFLICT', 'there is a package of this name already');
}

function fieldsOf({ name, description, price, features }: PackageBody) {
  const sort_key = foldText(name);
  return { name, sort_key, description: description ?? null, price, features: features ?? [] };
}

/** By name; those in use, or the archived ones. */
export async function listPackages(
  ctx: AppContext,
  actor: Actor,
  query: ListPackagesQuery,
): Promise<Page<PackageView>> {
  requireRight(ctx.config, actor, 'read_packages', undefined);
  const filter = { archived: query.archived === 'true' };
  const order = { sort_key: 1, _id: 1 } as const;
  const { rows, total } = await readRows(native(ctx.db.packages), query, order, filter);
  return { rows: rows.map(packageView), total };
}

/** @throws AppError CONFLICT where the name is in use, or there are as many as there may be */
export async function createPackage(
  ctx: AppContext,
  actor: Actor,
  body: PackageBody,
): Promise<PackageView> {
  requireRight(ctx.config, actor, 'write_packages', undefined);
  const packages = native(ctx.db.packages);
  if ((await packages.estimatedDocumentCount()) >= packageSizes.packages) {
    throw new AppError('CONFLICT', `there are ${packageSizes.packages} packages already`);
  }
  const now = ctx.clock();
  const fields = fieldsOf(body);
  const row: PackageRow = {
    _id: new Types.ObjectId(),
    ...fields,
    name_key: fields.sort_key,
    archived: false,
    uses: 0,
    created_at: now,
    updated_at: now,
  };
  try {
    await packages.insertOne(row);
  } catch (error) {
    throw toConflict(error);
  }
  return packageView(row);
}

/** @throws AppError NOT_FOUND */
export async function getPackage(ctx: AppContext, actor: Actor, id: string): Promise<PackageView> {
  requireRight(ctx.config, actor, 'read_packages', undefined);
  const row = await native(ctx.db.packages).findOne({ _id: oid(id) }, { readConcern: majority });
  if (!row) throw notFound('package');
  return packageView(row);
}

async function update(ctx: AppContext, id: string, fields: object): Promise<PackageView> {
  try {
    const row = await native(ctx.db.packages).findOneAndUpdate(
      { _id: oid(id) },
      // An archived one leaves its name to others.
      [
        { $set: { ...literals(fields), updated_at: ctx.clock() } },
        { $set: { name_key: { $cond: ['$archived', null, '$sort_key'] } } },
      ],
      { returnDocument: 'after' },
    );
    if (!row) throw notFound('package');
    return packageView(row);
  } catch (error) {
    throw toConflict(error);
  }
}

/** In a pipeline a text that begins with $ would be a field. */
function literals(fields: object) {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, { $literal: value }]),
  );
}

/** Replaces a package: what the body leaves out is empty then. @throws AppError NOT_FOUND, CONFLICT */
export async function replacePackage(
  ctx: AppContext,
  actor: Actor,
  id: string,
  body: PackageBody,
): Promise<PackageView> {
  requireRight(ctx.config, actor, 'write_packages', undefined);
  return update(ctx, id, fieldsOf(body));
}

/** Changes what the body names. @throws AppError NOT_FOUND, CONFLICT */
export async function changePackage(
  ctx: AppContext,
  actor: Actor,
  id: string,
  body: ChangePackageBody,
): Promise<PackageView> {
  requireRight(ctx.config, actor, 'write_packages', undefined);
  const given = Object.entries(body).filter(([, value]) => value !== undefined);
  const sorted = body.name === undefined ? {} : { sort_key: foldText(body.name) };
  return update(ctx, id, { ...Object.fromEntries(given), ...sorted });
}

/** Removes a package that nobody has, and archives one that somebody has. @throws AppError NOT_FOUND */
export async function deletePackage(ctx: AppContext, actor: Actor, id: string): Promise<void> {
  requireRight(ctx.config, actor, 'write_packages', undefined);
  const { deletedCount } = await native(ctx.db.packages).deleteOne({ _id: oid(id), uses: 0 });
  if (deletedCount === 0) await update(ctx, id, { archived: true });
}
