import { Schema, type Types } from 'mongoose';
import type { PackageState } from '../contract/customers.ts';

/** A customer's profile; `null` where nothing is known. */
export interface CustomerRow {
  _id: Types.ObjectId;
  first_name: string;
  last_name: string;
  email: string | null;
  phone_number: string | null;
  company: string | null;
  address: string | null;
  city: string | null;
  postal_code: string | null;
  country: string | null;
  user_id: string | null;
  partner: string | null;
  /** Key of the user whose profile it is; null where it is joined to none. */
  key: string | null;
  /** The e-mail address in lower case. */
  email_key: string | null;
  /** Words a search finds it by, without case and accents. */
  terms: string[];
  /** Grows with every change, so that two at once cannot undo each other. */
  revision: number;
  created_at: number;
  updated_at: number;
}

const optional = { type: String, default: null };
const text = { type: String, required: true };
const number = { type: Number, required: true };

export const customerSchema = new Schema<CustomerRow>(
  {
    first_name: text,
    last_name: text,
    email: optional,
    phone_number: optional,
    company: optional,
    address: optional,
    city: optional,
    postal_code: optional,
    country: optional,
    user_id: optional,
    partner: optional,
    key: optional,
    email_key: optional,
    terms: { type: [String], default: [] } as never,
    revision: number,
    created_at: number,
    updated_at: number,
  } as never,
  { collection: 'customers', versionKey: false, strict: 'throw' },
);
const isText = (field: string) => ({ [field]: { $type: 'string' } });
customerSchema.index(
  { key: 1 },
  { unique: true, name: 'customer_key', partialFilterExpression: isText('key') },
);
customerSchema.index(
  { email_key: 1, partner: 1 },
  { unique: true, name: 'customer_email', partialFilterExpression: isText('email_key') },
);
customerSchema.index({ terms: 1 }, { name: 'customer_terms' });

/** What a customer may have. */
export interface PackageRow {
  _id: Types.ObjectId;
  name: string;
  /** The name without case; null once it is archived, when another one may have it. */
  name_key: string | null;
  /** For the order of a list. */
  sort_key: string;
  description: string | null;
  price: number;
  features: string[];
  archived: boolean;
  /** How many assignments there are; written in one transaction with them. */
  uses: number;
  created_at: number;
  updated_at: number;
}

export const packageSchema = new Schema<PackageRow>(
  {
    name: text,
    name_key: optional,
    sort_key: text,
    description: optional,
    price: number,
    features: { type: [String], default: [] } as never,
    archived: { type: Boolean, required: true },
    uses: number,
    created_at: number,
    updated_at: number,
  } as never,
  { collection: 'packages', versionKey: false, strict: 'throw' },
);
packageSchema.index(
  { name_key: 1 },
  { unique: true, name: 'package_name', partialFilterExpression: isText('name_key') },
);
packageSchema.index({ archived: 1, sort_key: 1, _id: 1 }, { name: 'package_list' });

/** A package that a customer has. */
export interface AssignmentRow {
  _id: Types.ObjectId;
  customer_id: Types.ObjectId;
  package_id: Types.ObjectId;
  start_date: string | null;
  end_date: string | null;
  status: PackageState;
  created_at: number;
}

export const assignmentSchema = new Schema<AssignmentRow>(
  {
    customer_id: { type: Schema.Types.ObjectId, required: true },
    package_id: { type: Schema.Types.ObjectId, required: true },
    start_date: optional,
    end_date: optional,
    status: text,
    created_at: number,
  } as never,
  { collection: 'customer_packages', versionKey: false, strict: 'throw' },
);
assignmentSchema.index({ customer_id: 1, _id: -1 }, { name: 'assignment_customer' });
