import { Types } from 'mongoose';
import type { AppContext } from '../../context.ts';
import type {
  ChangeCustomerBody,
  CustomerBody,
  CustomerView,
  ListCustomersQuery,
} from '../../contract/customers.ts';
import { AppError, notFound } from '../../errors.ts';
import type { CustomerRow } from '../../models/customer.ts';
import { type Actor, userKey } from '../access/actor.ts';
import { requireRight } from '../access/policy.ts';
import { majority, native, oid } from '../log/collections.ts';
import { isDuplicateKey } from '../mongo-errors.ts';
import { type Page, readRows, spanOf } from '../pages.ts';
import { inTransaction } from '../transactions.ts';
import { searchCustomers, termsOf } from './search.ts';

/** Tries of a change that meets another one. */
const TRIES = 5;

const optionalFields = [
  'email',
  'phone_number',
  'company',
  'address',
  'city',
  'postal_code',
  'country',
  'user_id',
  'partner',
] as const;
type Fields = Pick<CustomerRow, 'first_name' | 'last_name' | (typeof optionalFields)[number]>;

function fieldsOf(body: CustomerBody): Fields {
  const { first_name, last_name } = body;
  const rest = optionalFields.map((name) => [name, body[name] ?? null]);
  return { first_name, last_name, ...Object.fromEntries(rest) };
}

/** With all that is derived from them. */
function completeFields(fields: Fields) {
  const { user_id, partner, email } = fields;
  const key = user_id === null ? null : userKey('customer', user_id, partner);
  return { ...fields, key, email_key: email?.toLowerCase() ?? null, terms: termsOf(fields) };
}

export function customerView({
  _id,
  key: _key,
  email_key: _email,
  terms: _terms,
  revision: _revision,
  ...rest
}: CustomerRow): CustomerView {
  return { id: _id.toHexString(), ...rest };
}

function toConflict(error: unknown): unknown {
  if (!isDuplicateKey(error)) return error;
  const what = 'key' in (error.keyPattern ?? {}) ? 'user' : 'e-mail address';
  return new AppError('CONFLICT', `there is a profile with this ${what} already`);
}

export async function listCustomers(
  ctx: AppContext,
  actor: Actor,
  query: ListCustomersQuery,
): Promise<Page<CustomerView>> {
  requireRight(ctx.config, actor, 'use_customers', undefined);
  const customers = native(ctx.db.customers);
  if (query.search === undefined) {
    const { rows, total } = await readRows(customers, query, { _id: -1 });
    return { rows: rows.map(customerView), total };
  }
  const { skip, limit } = spanOf(query);
  const ids = await searchCustomers(ctx, query.search);
  const shown = ids.slice(skip, skip + limit);
  const found = await customers.find({ _id: { $in: shown } }, { readConcern: majority }).toArray();
  const byId = new Map(found.map((row) => [row._id.toHexString(), row]));
  const rows = shown.flatMap((id) => byId.get(id.toHexString()) ?? []);
  return { rows: rows.map(customerView), total: ids.length };
}

/** @throws AppError CONFLICT where the user or the e-mail address has a profile */
export async function createCustomer(
  ctx: AppContext,
  actor: Actor,
  body: CustomerBody,
): Promise<CustomerView> {
  requireRight(ctx.config, actor, 'use_customers', undefined);
  const now = ctx.clock();
  const times = { revision: 1, created_at: now, updated_at: now };
  const row: CustomerRow = {
    _id: new Types.ObjectId(),
    ...completeFields(fieldsOf(body)),
    ...times,
  };
  try {
    await native(ctx.db.customers).insertOne(row);
  } catch (error) {
    throw toConflict(error);
  }
  return customerView(row);
}

/** @throws AppError NOT_FOUND */
export async function readCustomer(ctx: AppContext, id: string): Promise<CustomerRow> {
  const row = await native(ctx.db.customers).findOne({ _id: oid(id) }, { readConcern: majority });
  if (!row) throw notFound('customer');
  return row;
}

export async function getCustomer(
  ctx: AppContext,
  actor: Actor,
  id: string,
): Promise<CustomerView> {
  requireRight(ctx.config, actor, 'use_customers', undefined);
  return customerView(await readCustomer(ctx, id));
}

/** Optimistic concurrency control: decided anew where another change came in between. */
async function update(
  ctx: AppContext,
  id: string,
  change: (fields: Fields) => Fields,
): Promise<CustomerView> {
  for (let tries = 1; tries <= TRIES; tries++) {
    const row = await readCustomer(ctx, id);
    const { _id, revision } = row;
    const $set = {
      ...completeFields(change(fieldsOf(row))),
      revision: revision + 1,
      updated_at: ctx.clock(),
    };
    try {
      const after = await native(ctx.db.customers).findOneAndUpdate(
        { _id, revision },
        { $set },
        { returnDocument: 'after' },
      );
      if (after) return customerView(after);
    } catch (error) {
      throw toConflict(error);
    }
  }
  throw new AppError('CONFLICT', 'others are changing this profile, try again');
}

/** Replaces a profile: what the body leaves out is empty then. @throws AppError NOT_FOUND, CONFLICT */
export function replaceCustomer(ctx: AppContext, actor: Actor, id: string, body: CustomerBody) {
  requireRight(ctx.config, actor, 'use_customers', undefined);
  return update(ctx, id, () => fieldsOf(body));
}

/** Changes what the body names; null empties a field. @throws AppError NOT_FOUND, CONFLICT */
export function changeCustomer(
  ctx: AppContext,
  actor: Actor,
  id: string,
  body: ChangeCustomerBody,
) {
  requireRight(ctx.config, actor, 'use_customers', undefined);
  const given = Object.entries(body).filter(([, value]) => value !== undefined);
  return update(ctx, id, (fields) => ({ ...fields, ...Object.fromEntries(given) }));
}

/** Removes a profile and what it was assigned. The customer's tickets stay. @throws AppError NOT_FOUND */
export async function deleteCustomer(ctx: AppContext, actor: Actor, id: string): Promise<void> {
  requireRight(ctx.config, actor, 'delete_customer', undefined);
  if (!(await removeProfile(ctx, oid(id)))) throw notFound('customer');
}

/** Removes a profile and what it was assigned. @returns false where there is none */
export function removeProfile(ctx: AppContext, customer_id: Types.ObjectId): Promise<boolean> {
  return inTransaction(ctx, `customer ${customer_id.toHexString()}`, async (session) => {
    const { deletedCount } = await native(ctx.db.customers).deleteOne(
      { _id: customer_id },
      { session },
    );
    if (deletedCount === 0) return false;
    const assignments = native(ctx.db.assignments);
    const rows = await assignments.find({ customer_id }, { session }).toArray();
    for (const { package_id } of rows) {
      const minus = { $inc: { uses: -1 } };
      await native(ctx.db.packages).updateOne({ _id: package_id }, minus, { session });
    }
    await assignments.deleteMany({ customer_id }, { session });
    return true;
  });
}

/**
 * The profile a ticket is to be joined to.
 * @param who by id; by the key of a user; or by e-mail address, whatever its case: the one of the partner,
 *   or else the only one there is
 */
export async function findCustomer(
  ctx: AppContext,
  who: { id?: string; key?: string; email?: string; partner?: string | null },
): Promise<CustomerRow | undefined> {
  const customers = native(ctx.db.customers);
  if (who.id !== undefined || who.key !== undefined) {
    const filter = who.id === undefined ? { key: who.key as string } : { _id: oid(who.id) };
    return (await customers.findOne(filter, { readConcern: majority })) ?? undefined;
  }
  if (who.email === undefined) return undefined;
  const filter = { email_key: who.email.trim().toLowerCase() };
  const own = { ...filter, partner: who.partner ?? null };
  const exact = await customers.findOne(own, { readConcern: majority });
  if (exact || who.partner !== undefined) return exact ?? undefined;
  const rows = await customers.find(filter, { readConcern: majority }).limit(2).toArray();
  return rows.length === 1 ? rows[0] : undefined;
}
