import { z } from 'zod';
import { hexId, millis } from './ids.ts';
import { pageQuery } from './pages.ts';
import { text } from './text.ts';

/** Lengths in characters, counts in items. */
export const customerSizes = { name: 100, line: 200, search: 100, packages: 100 } as const;

const name = text({ max: customerSizes.name, trim: true });
const line = text({ max: customerSizes.line, trim: true });

/** An `id` as tokens have it: text, or a whole number, which is taken as its digits. */
export const userIdText = z
  .union([text({ max: customerSizes.line }), z.int()])
  .transform((value) => String(value));

/** The issuer of a customer's tokens; null where they name none. */
export const partnerText = text({ max: customerSizes.line });

export const emailText = z
  .string()
  .trim()
  .max(320)
  .regex(/^[^\s@]+@[^\s@]+$/, 'is not an e-mail address');

const details = {
  email: emailText.nullish(),
  phone_number: line.nullish(),
  company: line.nullish(),
  address: line.nullish(),
  city: line.nullish(),
  postal_code: line.nullish(),
  country: line.nullish(),
  user_id: userIdText.nullish().describe('The `id` of the tokens of this customer.'),
  partner: partnerText.nullish().describe('Their issuer.'),
};

/** A customer's profile, whole: what is left out is null. */
export const customerBody = z.object({ first_name: name, last_name: name, ...details });
export type CustomerBody = z.infer<typeof customerBody>;

export const changeCustomerBody = z
  .object({ first_name: name.optional(), last_name: name.optional(), ...details })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    message: 'names nothing to change',
    params: { type: 'empty' },
  });
export type ChangeCustomerBody = z.infer<typeof changeCustomerBody>;

export const customerView = z.object({
  id: hexId,
  first_name: z.string(),
  last_name: z.string(),
  email: z.string().nullable(),
  phone_number: z.string().nullable(),
  company: z.string().nullable(),
  address: z.string().nullable(),
  city: z.string().nullable(),
  postal_code: z.string().nullable(),
  country: z.string().nullable(),
  user_id: z.string().nullable(),
  partner: z.string().nullable(),
  created_at: millis,
  updated_at: millis,
});
export type CustomerView = z.infer<typeof customerView>;

export const listCustomersQuery = pageQuery.extend({
  search: text({ max: customerSizes.search, trim: true })
    .optional()
    .describe('Beginnings of words of the name, company, city, e-mail, phone number or user id.'),
});
export type ListCustomersQuery = z.infer<typeof listCustomersQuery>;

export const packageStates = ['active', 'pending', 'suspended', 'cancelled', 'expired'] as const;
export type PackageState = (typeof packageStates)[number];

const day = z.iso.date('must be a day as YYYY-MM-DD');
const packageState = z.preprocess(
  (value) => (typeof value === 'string' ? value.toLowerCase() : value),
  z.enum(packageStates),
);

export const assignPackageBody = z
  .object({
    package_id: hexId,
    start_date: day.nullish(),
    end_date: day.nullish(),
    status: packageState.optional(),
  })
  .refine(({ start_date, end_date }) => !start_date || !end_date || end_date >= start_date, {
    path: ['end_date'],
    message: 'is before start_date',
    params: { type: 'too_early' },
  });
export type AssignPackageBody = z.infer<typeof assignPackageBody>;

export const assignedPackageView = z.object({
  id: hexId.describe('Of the assignment.'),
  customer_id: hexId,
  package_id: hexId,
  package_name: z.string(),
  start_date: z.string().nullable(),
  end_date: z.string().nullable(),
  status: z.enum(packageStates),
  created_at: millis,
});
export type AssignedPackageView = z.infer<typeof assignedPackageView>;
