const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text that is a promise of being HTML already; everything else is escaped. */
export class Html {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

export type Hole = Html | string | number | null | undefined | readonly Hole[];

/** Marks that turn text around: a name or a word with them could pass for another one. */
const directionMarks = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Text as it may stand in the page; what turns it around is taken out. */
export function escapeHtml(text: string): string {
  return text
    .replace(directionMarks, '')
    .replace(/[&<>"']/g, (character) => entities[character] as string);
}

function fill(hole: Hole): string {
  if (hole instanceof Html) return hole.source;
  if (Array.isArray(hole)) return hole.map(fill).join('');
  if (hole === null || hole === undefined) return '';
  return escapeHtml(String(hole));
}

/** A template whose holes are escaped, unless they are HTML already. */
export function html(strings: TemplateStringsArray, ...holes: Hole[]): Html {
  return new Html(strings.map((text, index) => text + fill(holes[index])).join(''));
}

export function time(at: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

/** A length of time in its two largest units: `2 d 3 h`, `5 min`. */
export function duration(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  const parts: [number, string][] = [
    [Math.floor(minutes / 1440), 'd'],
    [Math.floor(minutes / 60) % 24, 'h'],
    [minutes % 60, 'min'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return 'under a minute';
  const shown = parts.slice(first, first + 2).filter(([count]) => count > 0);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}

export function byteSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
