/** Orders snowflakes, which are numbers of 17 to 20 digits. */
export function compareIds(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}
