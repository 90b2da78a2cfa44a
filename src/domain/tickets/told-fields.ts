/** What others show too, or what they are made of: times, lengths of time, the key of who is in charge. */
const derived = /^(assigned_to|clock|sla_told|unapproved)$|_(at|time)$/;

/** Whether a change of this field says something to a reader. */
export function isTold(field: string): boolean {
  return !derived.test(field);
}
