import { z } from 'zod';

const pattern = /^(\d{1,15})(?:\.(\d{1,15}))?$/;

/** A place in what is merged from a ticket's two logs: a seq of each. */
export interface StreamCursor {
  public: number;
  /** Undefined where the reader has only the public one. */
  internal?: number;
}

/** As it stands in a query and in `Link`: `12`, and for staff `12.3`. */
export const streamCursor = z
  .string()
  .regex(pattern, 'must be a place, as Link names it')
  .transform((text): StreamCursor => {
    const [, first = '', second] = pattern.exec(text) ?? [];
    return { public: Number(first), ...(second !== undefined && { internal: Number(second) }) };
  });

export function formatCursor({ public: first, internal }: StreamCursor): string {
  return internal === undefined ? String(first) : `${first}.${internal}`;
}
