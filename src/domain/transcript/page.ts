import { isStaffRole } from '../../contract/identity.ts';
import type { FieldValue, FileRow } from '../../models/entry.ts';
import type { Entry, Ticket, TicketChangeEntry } from '../log/entry.ts';
import { isTold } from '../tickets/told-fields.ts';
import { foldEntries, type Item, type Line } from './fold.ts';
import { byteSize, duration, type Hole, Html, html, time } from './html.ts';
import { style } from './style.ts';

/** Where the bytes of a file are. */
export interface FileLink {
  /** Signed, for an hour. */
  signed: string;
  /** For as long as the file is there; asks for a token. */
  lasting: string;
}

/** What is known of the files that a page shows, by the file's id. */
export interface Assets {
  /** Images shown in place, as `data:` addresses. */
  images: ReadonlyMap<string, string>;
  links: ReadonlyMap<string, FileLink>;
}

/** Some of what was said, in order. Plain data: it may go to another thread. */
export interface Part extends Assets {
  items: readonly Item[];
}

export interface Transcript extends Assets {
  ticket: Ticket;
  /** One log of the ticket, in order. */
  entries: readonly Entry[];
  /** Milliseconds since 1970. */
  madeAt: number;
}

function renderFile(file: FileRow, { images, links }: Assets): Html {
  const image = images.get(file.id);
  const link = links.get(file.id);
  const name = html`<bdi>${file.name}</bdi>`;
  const shown = link ? html`<a href="${link.signed}">${name}</a>` : name;
  const lasting = link ? html` · <a href="${link.lasting}">lasting address</a>` : '';
  const label = html`${shown} <small>${file.type}, ${byteSize(file.size)}${lasting}</small>`;
  if (!image) return html`<li>${label}</li>`;
  return html`<li><figure><img src="${image}" alt="${file.name}"><figcaption>${label}</figcaption></figure></li>`;
}

function renderFiles(files: readonly FileRow[], assets: Assets): Hole {
  if (files.length === 0) return '';
  return html`<ul class="files">${files.map((file) => renderFile(file, assets))}</ul>`;
}

function renderMarks({ isNote, isEdited, deleted }: Line): Html {
  const edited = isEdited ? html` <em class="mark">edited</em>` : '';
  const gone = deleted
    ? html` <em class="mark deleted">deleted by <bdi>${deleted.by.name}</bdi>, ${time(deleted.at)}</em>`
    : '';
  const note = isNote ? html` <em class="mark">📝 note, for staff only</em>` : '';
  return html`${note}${edited}${gone}`;
}

function renderEarlier({ earlier, left }: Line): Hole {
  if (earlier.length === 0) return '';
  const older = left > 0 ? `, ${left} older ones left out` : '';
  const texts = earlier.map((content) => html`<pre class="old" dir="auto">${content}</pre>`);
  return html`<details><summary>earlier versions${older}</summary>${texts}</details>`;
}

function renderLine(line: Line, assets: Assets): Html {
  const side = isStaffRole(line.author.role) ? 'staff' : 'customer';
  // What is deleted has no files any more: their links would lead nowhere.
  const shown = line.deleted ? { images: assets.images, links: new Map() } : assets;
  return html`<article class="${line.isNote ? 'staff note' : side}${line.deleted ? ' gone' : ''}">
<header><b dir="auto">${line.author.name}</b> <span class="role">${line.author.role}</span> ${time(line.at)}${renderMarks(line)}</header>
<pre dir="auto">${line.content}</pre>${renderEarlier(line)}${renderFiles(line.files, shown)}
</article>
`;
}

/** A name of the contract's in words: `IN_PROGRESS`, `support_role`. */
function inWords(name: string): string {
  return name.toLowerCase().replaceAll('_', ' ');
}

function valueText(value: FieldValue): string {
  if (value === null) return '—';
  if (typeof value === 'string' && /^[A-Z_]+$/.test(value)) return inWords(value);
  if (typeof value !== 'object') return String(value);
  const { name, score } = value as { name?: unknown; score?: unknown };
  return String(name ?? score ?? JSON.stringify(value));
}

function changeText({ changes }: TicketChangeEntry): string {
  const shown = Object.entries(changes).filter(([name]) => isTold(name));
  return shown
    .map(([name, [from, to]]) => `${inWords(name)}: ${valueText(from)} → ${valueText(to)}`)
    .join(', ');
}

function renderChange(entry: TicketChangeEntry): Html {
  const { ticket, author, action, at, comment, stream } = entry;
  const isClosing = action === 'closed';
  const reason = isClosing && ticket.close_reason ? `: ${ticket.close_reason}` : '';
  const what = isClosing
    ? `closed the ticket${reason}`
    : [inWords(action), changeText(entry), comment].filter(Boolean).join(' · ');
  const whose = stream === 'internal' ? '📝 ' : '';
  return html`<p class="status">${whose}<bdi>${author.name}</bdi> <bdi>${what}</bdi> · ${time(at)}</p>
`;
}

/** Messages and changes as they stand in a page. Pure: the same input makes the same text. */
export function renderPart({ items, ...assets }: Part): string {
  const parts = items.map((item) =>
    item.kind === 'message' ? renderLine(item.line, assets) : renderChange(item.entry),
  );
  return html`${parts}`.source;
}

/** Where scripts, frames, fonts and every request to anywhere are forbidden, whatever the text says. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

function ratingText({ rating }: Ticket): Hole {
  if (!rating) return '—';
  const stars = '★'.repeat(rating.score) + '☆'.repeat(5 - rating.score);
  return html`${stars} <bdi>${rating.comment}</bdi>`;
}

function renderHead(ticket: Ticket, assets: Assets): Html {
  const since = (at: number | null, length: number | null): Hole =>
    at === null ? '—' : html`${time(at)}${length === null ? '' : ` (after ${duration(length)})`}`;
  const rows: [string, Hole][] = [
    ['Customer', html`<bdi>${ticket.username}</bdi> (${ticket.user_role})`],
    ['Status', ticket.status],
    ['Level', ticket.issue_level],
    ['Support role', ticket.support_role],
    ['Assigned to', ticket.assignee?.name ?? ticket.assigned_to ?? '—'],
    ['Opened', time(ticket.created_at)],
    ['First answer', since(ticket.first_response_at, ticket.response_time)],
    ['Resolved', since(ticket.resolved_at, ticket.resolution_time)],
    ['Closed', ticket.closed_at === null ? '—' : time(ticket.closed_at)],
    ['Reason', ticket.close_reason ?? ticket.rejection_reason ?? '—'],
    ['Rating', ratingText(ticket)],
    ['Ticket', ticket.id],
  ];
  return html`<h1>Ticket #${ticket.number}: <bdi>${ticket.topic}</bdi></h1>
<dl>${rows.map(([name, value]) => html`<dt>${name}</dt><dd dir="auto">${value}</dd>`)}</dl>
<section><b>Description</b><pre dir="auto">${ticket.description}</pre>${renderFiles(ticket.files, assets)}</section>
`;
}

const noAssets: Assets = { images: new Map(), links: new Map() };

/** A page up to where what was said begins. */
export function renderOpening(ticket: Ticket, assets = noAssets): string {
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
${renderHead(ticket, assets)}
<main>
`.source;
}

/** A page from where what was said ends. */
export function renderClosing(footer: Html): string {
  return html`</main>
<footer><small>${footer}</small></footer>
</body>
</html>
`.source;
}

/** A page that needs nothing else: no scripts, readable on paper and in the dark. */
export function renderPage(ticket: Ticket, main: readonly Html[], footer: Html): string {
  return renderOpening(ticket) + html`${main}`.source + renderClosing(footer);
}

/** Whom a transcript is for, and as of when. */
export function footerOf(whom: 'customer' | 'staff' | 'notes', madeAt: number): Html {
  const words = {
    customer: '',
    staff: 'For staff only. ',
    notes: 'For staff only: notes of the ticket. ',
  };
  return html`${words[whom]}As of ${time(madeAt)}, from the ticket's own log. Links to files open for an hour; their lasting addresses ask for a token.`;
}

/** A ticket as one HTML file. Pure: the same input makes the same file. */
export function renderTranscript({ ticket, entries, madeAt, ...assets }: Transcript): string {
  const body = renderPart({ items: foldEntries(entries), ...assets });
  const whom = entries[0]?.stream === 'internal' ? 'notes' : 'customer';
  return renderOpening(ticket, assets) + body + renderClosing(footerOf(whom, madeAt));
}
