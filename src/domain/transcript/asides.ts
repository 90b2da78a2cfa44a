import { setImmediate } from 'node:timers/promises';
import type { AppContext } from '../../context.ts';
import type { Ticket } from '../log/entry.ts';
import { fileName, split, type TranscriptFile } from './files.ts';
import { html, time } from './html.ts';
import { renderPage } from './page.ts';

/** Something said in a ticket's channel that is not in its public log: among staff, or too late. */
export interface Aside {
  /** The Discord message's id. */
  id: string;
  author: string;
  /** Milliseconds since 1970. */
  at: number;
  content: string;
  /** Names of the files that came with it. */
  files: readonly string[];
  /** Why the customer does not have it. */
  why: string;
}

function renderAside({ author, at, content, files, why }: Aside) {
  const names = files.map((name) => html`<li><bdi>${name}</bdi></li>`);
  return html`<article class="staff">
<header><b dir="auto">${author}</b> <span class="role">${why}</span> ${time(at)}</header>
<pre dir="auto">${content}</pre>${names.length > 0 ? html`<ul class="files">${names}</ul>` : ''}
</article>
`;
}

/**
 * What staff said beside the log, as pages of their own that no customer is ever to get.
 * @param part tells several such pages of one ticket apart
 */
export async function buildAsides(
  ctx: AppContext,
  ticket: Ticket,
  asides: readonly Aside[],
  maxBytes: number,
  part = 'staff',
): Promise<TranscriptFile[]> {
  if (asides.length === 0) return [];
  const footer = html`For staff only: none of this was passed on to the customer. Made ${time(ctx.clock())}.`;
  const pages = await split(asides, maxBytes, async (some: readonly Aside[]) => {
    await setImmediate();
    return Buffer.from(renderPage(ticket, some.map(renderAside), footer));
  });
  const isOne = pages.length === 1;
  return pages.map((data, nth) => ({
    name: fileName(ticket, isOne ? part : `${part}-${nth + 1}`),
    data,
  }));
}
