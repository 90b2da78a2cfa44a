/** Characters of the address of a picture that Discord takes. */
const MAX_URL = 2048;

/**
 * Where Discord finds a customer's picture.
 * @param template an address with `{id}` in it; see `PERSONA_AVATAR_URL`
 * @returns undefined where nobody has set one, or such an id can have none
 */
export function avatarUrl(template: string | undefined, id: string): string | undefined {
  // Dots alone would name another folder, encoded or not.
  if (!template || /^\.*$/.test(id)) return undefined;
  const encoded = encodeURIComponent(id.toWellFormed());
  const url = template.replaceAll('{id}', () => encoded);
  return url.length <= MAX_URL ? url : undefined;
}
