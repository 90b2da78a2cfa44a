const filledWith = (template: string, id: string) => {
  try {
    return new URL(template.replaceAll('{id}', id));
  } catch {
    return undefined;
  }
};

/** Why an address with `{id}` in it is none under which Discord finds pictures. */
export function avatarTemplateProblem(template: string): string | undefined {
  if (!template.includes('{id}')) return 'it lacks {id}, which stands for the id of the customer';
  // An URL is read from those as well, but Discord takes the text as it stands.
  if (/[\s\\]/.test(template)) return 'it has a blank or a backslash in it';
  const one = filledWith(template, 'a');
  const other = filledWith(template, 'b');
  if (!one || !other) return 'it is no address';
  if (!/^https:\/\/[^/]/i.test(template)) return 'it does not begin with https://';
  if (one.username || one.password) return 'it has a user name or a password in it';
  const place = ({ pathname, search }: URL) => pathname + search;
  if (one.host !== other.host || place(one) === place(other)) {
    return '{id} belongs into its path or its query';
  }
  return undefined;
}
