/** What stands for the variables of a canned reply. */
export interface ReplyValues {
  customer?: string;
  ticket?: string;
  staff?: string;
}

/**
 * Fills in `{customer}`, `{ticket}` and `{staff}`, in one pass: what is filled in is not looked at again.
 * Other braces, and variables without a value, stay as they are.
 */
export function fillReply(text: string, values: ReplyValues): string {
  return text.replace(
    /\{(customer|ticket|staff)\}/g,
    (whole, name: keyof ReplyValues) => values[name] ?? whole,
  );
}
