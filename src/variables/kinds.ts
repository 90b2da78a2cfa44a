import { z } from 'zod';

/** A variable of the environment: its schema, what it wants in words, and an example. */
export interface Variable {
  schema: z.ZodType;
  wants: string;
  example: string;
  secret?: true;
  /** Why a value that has the right form still cannot be used; undefined when it can. */
  problem?(value: string): string | undefined;
  /** Which part of a value has the wrong form, where it has several. */
  wrongPart?(value: string): string | undefined;
}

export const httpUrl = z.url({ protocol: /^https?$/ });
/** Items separated by commas. */
export const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
export const jwtSecret = z.string().min(8);
/** A year. */
export const MOST_HOURS = 8760;
