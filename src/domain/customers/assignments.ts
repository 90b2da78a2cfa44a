import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import {
  type AssignedPackageView,
  type AssignPackageBody,
  customerSizes,
} from '../../contract/customers.ts';
import { AppError, invalidField, notFound } from '../../errors.ts';
import type { AssignmentRow, PackageRow } from '../../models/customer.ts';
import type { Actor } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { majority, native, oid } from '../log/collections.ts';
import { inTransaction } from '../transactions.ts';
import { readCustomer } from './customers.ts';

function assignedPackageView(row: AssignmentRow, name: string): AssignedPackageView {
  const { _id, customer_id, package_id, start_date, end_date, status, created_at } = row;
  return {
    id: _id.toHexString(),
    customer_id: customer_id.toHexString(),
    package_id: package_id.toHexString(),
    package_name: name,
    start_date,
    end_date,
    status,
    created_at,
  };
}

const unknownPackage = () => invalidField('package_id', 'is not a package', 'unknown_package');

/** @throws AppError NOT_FOUND where there is no such customer */
export async function listCustomerPackages(
  ctx: AppContext,
  actor: Actor,
  customerId: string,
): Promise<AssignedPackageView[]> {
  requireRight(ctx.config, actor, 'use_customers', undefined);
  const { _id } = await readCustomer(ctx, customerId);
  return listAssignedPackages(ctx, _id);
}

/** The same, of a profile that was read. */
export async function listAssignedPackages(
  ctx: AppContext,
  _id: Types.ObjectId,
): Promise<AssignedPackageView[]> {
  const rows = await native(ctx.db.assignments)
    .find({ customer_id: _id }, { readConcern: majority })
    .sort({ _id: -1 })
    .limit(customerSizes.packages)
    .toArray();
  const packages = await native(ctx.db.packages)
    .find({ _id: { $in: rows.map(({ package_id }) => package_id) } }, { readConcern: majority })
    .toArray();
  const names = new Map(packages.map(({ _id: id, name }) => [id.toHexString(), name]));
  return rows.map((row) => assignedPackageView(row, names.get(row.package_id.toHexString()) ?? ''));
}

/**
 * Gives a customer a package. The package counts its assignments in the same transaction, so that one that
 * is being deleted is either gone, or kept.
 * @throws AppError NOT_FOUND, BAD_REQUEST (no such package), CONFLICT (an archived one, or 100 already)
 */
export async function assignPackage(
  ctx: AppContext,
  actor: Actor,
  customerId: string,
  body: AssignPackageBody,
): Promise<AssignedPackageView> {
  requireRight(ctx.config, actor, 'use_customers', undefined);
  const row: AssignmentRow = {
    _id: new Types.ObjectId(),
    customer_id: oid(customerId),
    package_id: oid(body.package_id),
    start_date: body.start_date ?? null,
    end_date: body.end_date ?? null,
    status: body.status ?? 'active',
    created_at: ctx.clock(),
  };
  const name = await inTransaction(ctx, `customer ${customerId}`, async (session) => {
    const assignments = native(ctx.db.assignments);
    // Written, not read: so that of this and the customer's deletion one comes after the other.
    const { matchedCount } = await native(ctx.db.customers).updateOne(
      { _id: row.customer_id },
      { $inc: { revision: 1 } },
      { session },
    );
    if (matchedCount === 0) throw notFound('customer');
    const used: PackageRow | null = await native(ctx.db.packages).findOneAndUpdate(
      { _id: row.package_id },
      { $inc: { uses: 1 } },
      { session },
    );
    if (!used) throw unknownPackage();
    if (used.archived) throw new AppError('CONFLICT', 'the package is archived');
    const most = customerSizes.packages;
    const { customer_id } = row;
    if ((await assignments.countDocuments({ customer_id }, { limit: most, session })) >= most) {
      throw new AppError('CONFLICT', `the customer has ${most} packages already`);
    }
    await assignments.insertOne(row, { session });
    return used.name;
  });
  return assignedPackageView(row, name);
}

/** @throws AppError NOT_FOUND */
export async function removeCustomerPackage(
  ctx: AppContext,
  actor: Actor,
  customerId: string,
  assignmentId: string,
): Promise<void> {
  requireRight(ctx.config, actor, 'use_customers', undefined);
  await inTransaction(ctx, `customer ${customerId}`, async (session) => {
    const row = await native(ctx.db.assignments).findOneAndDelete(
      { _id: oid(assignmentId), customer_id: oid(customerId) },
      { session },
    );
    if (!row) throw notFound('package of this customer');
    const minus = { $inc: { uses: -1 } };
    await native(ctx.db.packages).updateOne({ _id: row.package_id }, minus, { session });
  });
}
