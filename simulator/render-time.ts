/** A time as Discord writes it. */
export function renderTime(time: string | number): string {
  return new Date(time).toISOString().replace('Z', '000+00:00');
}
