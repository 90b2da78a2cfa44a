import { z } from 'zod';
import { hexId, millis } from './ids.ts';
import { pageQuery } from './pages.ts';
import { text } from './text.ts';

/** Lengths in characters, counts in items. */
export const packageSizes = {
  name: 100,
  description: 4000,
  features: 50,
  feature: 200,
  price: 1_000_000_000,
  /** Packages there may be, the archived ones included. */
  packages: 1000,
} as const;

const fields = {
  name: text({ max: packageSizes.name, trim: true }),
  description: text({ max: packageSizes.description, trim: true }).nullish(),
  price: z.number().min(0).max(packageSizes.price),
  features: z
    .array(text({ max: packageSizes.feature, trim: true }))
    .max(packageSizes.features)
    .optional(),
};

/** A package, whole: what is left out is empty. */
export const packageBody = z.object(fields);
export type PackageBody = z.infer<typeof packageBody>;

export const changePackageBody = z
  .object({
    ...fields,
    name: fields.name.optional(),
    price: fields.price.optional(),
    archived: z.boolean().optional(),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    message: 'names nothing to change',
    params: { type: 'empty' },
  });
export type ChangePackageBody = z.infer<typeof changePackageBody>;

export const packageView = z.object({
  id: hexId,
  name: z.string(),
  description: z.string().nullable(),
  price: z.number(),
  features: z.array(z.string()),
  archived: z.boolean().describe('Out of use: nobody new gets it.'),
  created_at: millis,
  updated_at: millis,
});
export type PackageView = z.infer<typeof packageView>;

export const listPackagesQuery = pageQuery.extend({
  archived: z
    .enum(['true', 'false'])
    .optional()
    .describe('`true` lists the archived ones instead.'),
});
export type ListPackagesQuery = z.infer<typeof listPackagesQuery>;
