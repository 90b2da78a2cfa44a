import { isStaffRole } from '../../contract/identity.ts';
import type { FileRow } from '../../models/entry.ts';
import {
  type Author,
  type Entry,
  messageIdOf,
  type Ticket,
  type TicketChangeEntry,
} from '../log/entry.ts';

export interface Transcript {
  ticket: Ticket;
  /** One log of the ticket, in order. */
  entries: readonly Entry[];
  /** Images shown in place, as `data:` addresses, by the file's id. */
  images: ReadonlyMap<string, string>;
  /** Milliseconds since 1970. */
  madeAt: number;
}

interface Version {
  at: number;
  content: string;
}

interface Line {
  /** Of the internal log: for staff alone. */
  isNote: boolean;
  author: Author;
  at: number;
  content: string;
  files: FileRow[];
  earlier: Version[];
  deleted?: { at: number; by: Author };
}

type Item = { kind: 'message'; line: Line } | { kind: 'change'; entry: TicketChangeEntry };

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

type Hole = Html | string | number | null | undefined | readonly Hole[];

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

export function html(strings: TemplateStringsArray, ...holes: Hole[]): Html {
  return new Html(strings.map((text, index) => text + fill(holes[index])).join(''));
}

export function time(at: number): Html {
  const iso = new Date(at).toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC</time>`;
}

function sizeOf(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** Folds the log into what a reader sees, every earlier version of a message kept. */
function itemsOf(entries: readonly Entry[]): Item[] {
  const items: Item[] = [];
  const lines = new Map<string, Line>();
  for (const entry of entries) {
    if (entry.type === 'ticket_change') {
      items.push({ kind: 'change', entry });
      continue;
    }
    const line = lines.get(messageIdOf(entry));
    if (!line) {
      const { author, at, content, files = [] } = entry;
      const by = entry.type === 'message' ? author : entry.of.author;
      const isNote = entry.stream === 'internal';
      const made: Line = { isNote, author: by, at, content, files, earlier: [] };
      lines.set(messageIdOf(entry), made);
      items.push({ kind: 'message', line: made });
      continue;
    }
    if (entry.type === 'delete') {
      line.deleted = { at: entry.at, by: entry.author };
      continue;
    }
    line.earlier.push({ at: line.earlier.at(-1)?.at ?? line.at, content: line.content });
    line.content = entry.content;
    line.files = entry.files ?? [];
  }
  return items;
}

function renderFile(file: FileRow, images: Transcript['images']): Html {
  const image = images.get(file.id);
  const label = html`${file.name} <small>${file.type}, ${sizeOf(file.size)}</small>`;
  if (!image) return html`<li>${label}</li>`;
  return html`<li><figure><img src="${image}" alt="${file.name}"><figcaption>${label}</figcaption></figure></li>`;
}

function renderMarks(line: Line): Html {
  const edited = line.earlier.length > 0 ? html` <em class="mark">edited</em>` : '';
  const deleted = line.deleted
    ? html` <em class="mark deleted">deleted by ${line.deleted.by.name}, ${time(line.deleted.at)}</em>`
    : '';
  const note = line.isNote ? html` <em class="mark">📝 note, for staff only</em>` : '';
  return html`${note}${edited}${deleted}`;
}

function renderLine(line: Line, images: Transcript['images']): Html {
  const staff = isStaffRole(line.author.role);
  const side = staff ? 'staff' : 'customer';
  const earlier =
    line.earlier.length > 0
      ? html`<details><summary>earlier versions</summary>${line.earlier.map(
          ({ content }) => html`<pre class="old">${content}</pre>`,
        )}</details>`
      : '';
  const files =
    line.files.length > 0
      ? html`<ul class="files">${line.files.map((file) => renderFile(file, images))}</ul>`
      : '';
  return html`<article class="${line.isNote ? 'staff note' : side}${line.deleted ? ' gone' : ''}">
<header><b>${line.author.name}</b> <span class="role">${line.author.role}</span> ${time(line.at)}${renderMarks(line)}</header>
<pre>${line.content}</pre>${earlier}${files}
</article>
`;
}

/** What happened to a ticket that its customer is not to know. */
function renderDeskEvent({ author, action, changes, at }: TicketChangeEntry): Html {
  const fields = Object.entries(changes).map(([name, [, to]]) => `${name}: ${JSON.stringify(to)}`);
  const what = [action, ...fields].join(', ');
  return html`<p class="status">${author.name} · ${what} · ${time(at)}</p>
`;
}

function renderChange(entry: TicketChangeEntry): Html {
  if (entry.stream === 'internal') return renderDeskEvent(entry);
  const { ticket, author, action } = entry;
  const what =
    action === 'closed'
      ? `closed the ticket${ticket.close_reason ? `: ${ticket.close_reason}` : ''}`
      : `changed the ticket: ${ticket.issue_level}, ${ticket.support_role}, “${ticket.topic}”`;
  return html`<p class="status">${author.name} ${what} · ${time(entry.at)}</p>
`;
}

const style = `
:root{color-scheme:light dark;--fg:#1c1e21;--bg:#fff;--soft:#f2f3f5;--line:#d9dce0;--staff:#eef1ff;--dim:#5c6370;--gone:#b3261e}
@media (prefers-color-scheme:dark){:root{--fg:#e6e8eb;--bg:#17181b;--soft:#212327;--line:#3a3d43;--staff:#232842;--dim:#9aa0aa;--gone:#ff8a80}}
*{box-sizing:border-box}body{margin:0 auto;max-width:52rem;padding:1.5rem;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.4rem;margin:0 0 .5rem;overflow-wrap:anywhere}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:0 0 1rem}dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
article,section{border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem;margin:.6rem 0;background:var(--soft);break-inside:avoid}
article.staff{background:var(--staff)}article.note{border-style:dashed}article.gone>pre{text-decoration:line-through;color:var(--dim)}
header{font-size:.9rem}.role,time,small,.mark,.status{color:var(--dim);font-size:.8rem}.mark.deleted{color:var(--gone)}
header b,h1,dd{unicode-bidi:isolate}pre{unicode-bidi:plaintext;white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0 0;font:inherit}.old{border-left:3px solid var(--line);padding-left:.6rem}
.files{list-style:none;padding:0;margin:.4rem 0 0}figure{margin:.3rem 0}img{max-width:100%;max-height:24rem;border-radius:.4rem}
.status{text-align:center;margin:.8rem 0}
@media print{body{max-width:none;padding:0}article,section{background:none}details::details-content{display:block;content-visibility:visible}}
`;

/** Where scripts, frames, fonts and every request to anywhere are forbidden, whatever the text says. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

function renderHead(ticket: Ticket): Html {
  const rows: [string, Hole][] = [
    ['Customer', `${ticket.username} (${ticket.user_role})`],
    ['Level', ticket.issue_level],
    ['Support role', ticket.support_role],
    ['Opened', time(ticket.created_at)],
    ['Closed', ticket.closed_at === null ? '—' : time(ticket.closed_at)],
    ['Reason', ticket.close_reason ?? '—'],
    ['Ticket', ticket.id],
  ];
  return html`<h1>Ticket #${ticket.number}: ${ticket.topic}</h1>
<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
<section><b>Description</b><pre>${ticket.description}</pre></section>
`;
}

/** A page that needs nothing else: no scripts, no links out, readable on paper and in the dark. */
export function renderPage(ticket: Ticket, main: readonly Html[], footer: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Html(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>Ticket #${ticket.number}: ${ticket.topic}</title>
<style>${new Html(style)}</style>
</head>
<body>
${renderHead(ticket)}
<main>
${main}</main>
<footer><small>${footer}</small></footer>
</body>
</html>
`.source;
}

/** A ticket as one HTML file. Pure: the same input makes the same file. */
export function renderTranscript({ ticket, entries, images, madeAt }: Transcript): string {
  const body = itemsOf(entries).map((item) =>
    item.kind === 'message' ? renderLine(item.line, images) : renderChange(item.entry),
  );
  const whom = entries[0]?.stream === 'internal' ? 'For staff only: notes of the ticket. ' : '';
  return renderPage(ticket, body, html`${whom}Made ${time(madeAt)} from the ticket's own log.`);
}
