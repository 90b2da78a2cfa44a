import type { ShownMessage } from '../../../client/open-ticket.ts';
import type { FileView } from '../../../src/contract/messages.ts';
import type { TicketView } from '../../../src/contract/tickets.ts';
import { sizeText } from '../chat/text-rules.ts';
import type { Words } from '../chat/words.ts';

const style = `body{margin:0 auto;max-width:44rem;padding:2rem 1rem;font:16px/1.5 system-ui,sans-serif;color:#171a22;background:#fff}
header,footer{color:#5a6172}h1{margin:0;color:#171a22;font-size:1.5rem}ol{list-style:none;margin:2rem 0;padding:0}
li{margin:0 0 1rem;padding:.75rem 1rem;border-radius:1rem;background:#eff1f5;break-inside:avoid}li.mine{background:#e3e8fb}
p{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}time{color:#5a6172;font-size:.875rem}`;

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeHtml = (text: string) => text.replace(/[&<>"]/g, (letter) => escapes[letter] as string);

interface Line {
  name: string;
  at: number;
  text: string;
  files: readonly FileView[];
  isMine: boolean;
}

export interface CopyParts {
  ticket: TicketView;
  messages: readonly ShownMessage[];
  words: Words;
  me: string;
  /** There are older messages than these. */
  isPart: boolean;
  now: number;
}

function lineHtml({ name, at, text, files, isMine }: Line, words: Words): string {
  const time = `<time datetime="${new Date(at).toISOString()}">${escapeHtml(words.full(at))}</time>`;
  const named = files.map((file) => `${file.name} (${sizeText(file.size, words.locale)})`);
  const parts = [text, ...named].filter(Boolean);
  const body = parts.map((part) => `<p dir="auto">${escapeHtml(part)}</p>`).join('');
  return `<li${isMine ? ' class="mine"' : ''}><strong><bdi>${escapeHtml(name)}</bdi></strong> ${time}${body}</li>`;
}

/** A conversation as a page that needs nothing but itself: no script, no address of ours, no files. */
export function buildCopy({ ticket, messages, words, me, isPart, now }: CopyParts): string {
  const { say, locale, direction } = words;
  const nameOf = (id: string, name: string) => (id === me ? `${name} (${say('you')})` : name);
  const opening: Line = {
    ...{ name: nameOf(ticket.user_id, ticket.username), at: ticket.created_at, isMine: true },
    ...{ text: ticket.description, files: ticket.files },
  };
  const lines = messages.flatMap((shown): Line[] => {
    if (shown.state !== 'sent') return [];
    const { author_id, author_name, created_at: at, content: text, files } = shown.message;
    const isMine = author_id === me;
    return [{ name: nameOf(author_id, author_name), at, text, files, isMine }];
  });
  const end = ticket.closed_at
    ? `<p>${escapeHtml(say('ended'))} · ${escapeHtml(words.full(ticket.closed_at))}</p>`
    : '';
  const title = escapeHtml(ticket.topic);
  const hole = isPart ? `<p>${escapeHtml(say('copyPart'))}</p>` : '';
  const note = escapeHtml(say('copyNote', { date: words.full(now) }));
  return `<!doctype html>
<html lang="${escapeHtml(locale)}" dir="${direction}"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${style}</style></head>
<body><header><h1 dir="auto">${title}</h1><p>#${ticket.number} · ${escapeHtml(ticket.reference)}</p></header>
<ol>${lineHtml(opening, words)}</ol>${hole}<ol>${lines.map((line) => lineHtml(line, words)).join('\n')}</ol>
<footer>${end}<p>${note}</p></footer></body></html>
`;
}
