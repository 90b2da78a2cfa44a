/** What the ids in a text stand for; undefined where that is gone. */
export interface Names {
  user(id: string): string | undefined;
  role(id: string): string | undefined;
  channel(id: string): string | undefined;
}

/** The furthest time that a date can be made of, in seconds. */
const MAX_SECONDS = 8.64e12;

const places: Record<string, string> = {
  customize: 'Channels & Roles',
  browse: 'Browse Channels',
  guide: 'Server Guide',
  home: 'Server Guide',
  'linked-roles': 'Linked Roles',
};

const markup =
  /<(?:(?<type>@[!&]?|#)(?<id>\d{15,21})|t:(?<time>-?\d{1,17})(?::(?<style>[tTdDfFsSR]))?|id:(?<place>[a-z-]+)(?::\d+)?|\/(?<command>[^:<>\n]{1,100}):\d{15,21}|a?:(?<emoji>\w{1,40}):\d{15,21})>/gu;

function dateOf(seconds: number, style: string | undefined): string | undefined {
  if (Math.abs(seconds) > MAX_SECONDS) return undefined;
  const iso = new Date(seconds * 1000).toISOString();
  const [day = '', time = ''] = iso.split('T');
  if (style === 'd' || style === 'D') return day;
  return `${day} ${time.slice(0, style === 'T' || style === 'S' ? 8 : 5)} UTC`;
}

function nameOf(names: Names, type: string, id: string): string {
  if (type === '#') return `#${names.channel(id) ?? 'deleted-channel'}`;
  if (type === '@&') return `@${names.role(id) ?? 'deleted-role'}`;
  return `@${names.user(id) ?? 'unknown-user'}`;
}

/**
 * Discord's markup written out for a reader elsewhere: names instead of ids, dates in UTC instead of
 * timestamps. No id of Discord's own is left in it.
 */
export function readableText(content: string, names: Names): string {
  return content.replace(markup, (whole: string, ...found: unknown[]) => {
    const groups = found.at(-1) as Record<string, string | undefined>;
    const { type, id, time, style, place, command, emoji } = groups;
    if (type && id) return nameOf(names, type, id);
    if (time) return dateOf(Number(time), style) ?? whole;
    if (place) return `#${places[place] ?? place}`;
    if (command) return `/${command}`;
    return emoji ? `:${emoji}:` : whole;
  });
}
