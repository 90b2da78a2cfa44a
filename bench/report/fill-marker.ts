/**
 * Replaces what stands between the markers of that name; a page's own words stay.
 * @throws an Error where the page has lost its markers
 */
export function fillMarker(page: string, name: string, content: string): string {
  const [begin, end] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`a page has lost its marker ${begin}`);
  return `${page.slice(0, from + begin.length)}\n${content}\n${page.slice(to)}`;
}
