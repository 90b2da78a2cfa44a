import { writeFileSync } from 'node:fs';
import { type TicketStatus, ticketStatuses } from '../src/contract/ticket-words.ts';
import { isOpen, movesFrom } from '../src/domain/tickets/workflow.ts';

/** Draws docs/images/ticket-life.svg from the status table, so that the picture is what the program does. */

const WIDTH = 980;
const HEIGHT = 430;
const BOX = { width: 124, height: 44 };

/** Where each status stands: its middle. */
const places: Record<TicketStatus, readonly [x: number, y: number]> = {
  NEW: [80, 215],
  OPEN: [245, 215],
  ASSIGNED: [410, 120],
  IN_PROGRESS: [575, 215],
  WAITING: [740, 120],
  RESOLVED: [740, 240],
  CLOSED: [900, 350],
  REOPENED: [575, 385],
  REJECTED: [80, 60],
  WITHDRAWN: [410, 30],
};

/** Moves that many statuses have, told in words instead of lines: the picture would be all lines. */
const inWords: readonly TicketStatus[] = ['WITHDRAWN', 'CLOSED'];
const drawnAnyway = new Set(['RESOLVED CLOSED']);

const isDrawn = (from: TicketStatus, to: TicketStatus) =>
  !inWords.includes(to) || drawnAnyway.has(`${from} ${to}`);

/** Where the line from a box's middle to another leaves the box. */
function edgeOf([x, y]: readonly [number, number], [toX, toY]: readonly [number, number]) {
  const [dx, dy] = [toX - x, toY - y];
  const scale = Math.min(
    dx === 0 ? Number.POSITIVE_INFINITY : (BOX.width / 2 + 4) / Math.abs(dx),
    dy === 0 ? Number.POSITIVE_INFINITY : (BOX.height / 2 + 4) / Math.abs(dy),
  );
  return [x + dx * scale, y + dy * scale] as const;
}

const round = (value: number) => Math.round(value * 10) / 10;

function drawMove(from: TicketStatus, to: TicketStatus): string {
  const [start, end] = [places[from], places[to]];
  const [x1, y1] = edgeOf(start, end);
  const [x2, y2] = edgeOf(end, start);
  // Bent to its right, so that there and back are two lines.
  const bend = movesFrom(to).includes(from) ? 22 : 6;
  const length = Math.hypot(x2 - x1, y2 - y1);
  const middleX = (x1 + x2) / 2 - ((y2 - y1) / length) * bend;
  const middleY = (y1 + y2) / 2 + ((x2 - x1) / length) * bend;
  const path = [x1, y1, middleX, middleY, x2, y2].map(round);
  return `<path class="move" d="M${path[0]} ${path[1]}Q${path[2]} ${path[3]} ${path[4]} ${path[5]}"/>`;
}

function drawStatus(status: TicketStatus): string {
  const [x, y] = places[status];
  const { width, height } = BOX;
  const kind = isOpen({ status }) ? 'open' : 'ended';
  const label = status.replace('_', ' ').toLowerCase();
  return `<g class="${kind}"><rect x="${x - width / 2}" y="${y - height / 2}" width="${width}" height="${height}" rx="10"/><text x="${x}" y="${y + 5}">${label}</text></g>`;
}

/** @returns the picture, alike for the same table */
export function drawLife(): string {
  const moves = ticketStatuses.flatMap((from) =>
    movesFrom(from)
      .filter((to) => isDrawn(from, to))
      .map((to) => drawMove(from, to)),
  );
  const closable = ticketStatuses.filter((from) => movesFrom(from).includes('CLOSED'));
  const back = ticketStatuses.filter((from) => movesFrom(from).includes('WITHDRAWN'));
  const words = (list: readonly string[]) =>
    list.map((one) => one.replace('_', ' ').toLowerCase()).join(', ');
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT + 60}" role="img" aria-label="The statuses of a ticket and the moves between them">
<style>
svg{font:15px system-ui,sans-serif;background:#fff}
rect{stroke-width:1.5}
.open rect{fill:#eef1ff;stroke:#5865f2}
.ended rect{fill:#f2f3f5;stroke:#747f8d}
text{fill:#1c1e21;text-anchor:middle}
.note{text-anchor:start;font-size:13px;fill:#4f5660}
.move{fill:none;stroke:#4f5660;stroke-width:1.5;marker-end:url(#arrow)}
</style>
<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="#4f5660"/></marker></defs>
${moves.join('\n')}
${ticketStatuses.map(drawStatus).join('\n')}
<text class="note" x="20" y="${HEIGHT + 22}">closed, at any time, from: ${words(closable)}</text>
<text class="note" x="20" y="${HEIGHT + 44}">withdrawn by its owner, from: ${words(back)}</text>
</svg>
`;
}

const isMain = process.argv[1]?.endsWith('generate-life.ts');
if (isMain) writeFileSync(new URL('images/ticket-life.svg', import.meta.url), drawLife());
