/** Roles whose holders are staff: their keys have a side of their own from version 2 on. */
export const staffRoles: ReadonlySet<unknown> = new Set(['AGENT', 'ADMIN']);

/** `staff|issuer|id`: no key of version 1 has two bars, since those in its parts were escaped. */
const migrated = /^staff\|[^|]*\|[^|]*$/;

/** The key of a member of staff, from the one without a side. */
export function staffKey(key: string): string {
  if (migrated.test(key)) return key;
  return key.includes('|') ? `staff|${key}` : `staff||${key}`;
}

/** The issuer in a key, as the token had it; null where there is none. */
export function partnerOf(key: unknown): string | null {
  const parts = String(key ?? '').split('|');
  const issuer = parts.length === 3 ? parts[1] : parts.length === 2 ? parts[0] : undefined;
  return issuer ? issuer.replaceAll('%7C', '|').replaceAll('%25', '%') : null;
}
