import { expect, test } from '@jest/globals';
import type { Entry, MessageEntry, Ticket } from '../../src/domain/log/entry.ts';
import { renderTranscript } from '../../src/domain/transcript/page.ts';
import { newTicketFields } from '../../src/models/ticket.ts';

const closed_at = Date.UTC(2026, 0, 2, 4, 0, 0);
const created_at = Date.UTC(2026, 0, 2, 3, 4, 5);

const ticket: Ticket = {
  ...newTicketFields({
    issue_level: 'URGENT',
    status: 'CLOSED',
    status_seq: 3,
    created_at,
    closed_at,
  }),
  id: '64b000000000000000000001',
  number: 42,
  owner: 'ana',
  partner: null,
  user_id: 'ana',
  username: 'Ana <b>',
  email: 'ana@example.com',
  user_role: 'CUSTOMER',
  topic: '<script>alert(1)</script>',
  description: 'It & has "not" come.',
  status: 'CLOSED',
  support_role: 'GENERAL',
  issue_level: 'URGENT',
  assigned_to: null,
  created_at,
  updated_at: Date.UTC(2026, 0, 2, 4, 0, 0),
  status_seq: 3,
  closed_at,
  close_reason: "it's done",
  client_id: 'c',
};
const ana = { key: 'ana', id: 'ana', name: 'Ana', role: 'CUSTOMER' as const };
const kim = { key: 'staff|discord|1', id: '1', name: 'Kim', role: 'AGENT' as const };
const image = { id: '64b0000000000000000000f1', name: 'cat.png', type: 'image/png', size: 3 };
const archive = {
  id: '64b0000000000000000000f2',
  name: 'a"><img>.zip',
  type: 'application/zip',
  size: 2048,
};

function entry<T extends object>(seq: number, overrides: T) {
  return {
    id: seq.toString(16).padStart(24, '0'),
    ticket_id: ticket.id,
    stream: 'public' as const,
    seq,
    type: 'message' as const,
    at: ticket.created_at + seq * 1000,
    owner: 'ana',
    author: ana,
    client_id: `c${seq}`,
    origin: 'web' as const,
    content: `message ${seq}`,
    ...overrides,
  };
}

const first = entry(1, { content: '<img src=x onerror=alert(1)>', files: [image, archive] });
const second = entry(2, { author: kim, origin: 'discord' as const });
const of = (one: MessageEntry) => {
  const { id, seq, at, author, client_id, origin } = one;
  return { id, seq, at, author, client_id, origin };
};
const page = renderTranscript({
  ticket,
  entries: [
    first,
    second,
    entry(3, { type: 'edit', author: kim, of: of(second), content: 'second version', files: [] }),
    entry(4, { content: 'a regret' }),
    entry(5, { type: 'delete', of: of(entry(4, {})), content: '', files: [] }),
    entry(6, {
      type: 'ticket_change',
      action: 'closed',
      changes: { status: ['OPEN', 'CLOSED'] },
      author: kim,
      ticket,
    }),
  ] as Entry[],
  images: new Map([[image.id, 'data:image/png;base64,AAAA']]),
  links: new Map([[archive.id, { signed: 'https://x/f?a=1&b="', lasting: 'https://x/lasting' }]]),
  madeAt: ticket.updated_at,
});

test('everything anybody wrote is escaped', () => {
  expect(page).not.toContain('<script');
  expect(page).not.toContain('<img src=x');
  expect(page).toContain('&lt;img src=x onerror=alert(1)&gt;');
  expect(page).toContain('It &amp; has &quot;not&quot; come.');
  expect(page).toContain('a&quot;&gt;&lt;img&gt;.zip');
});

test('it needs nothing from outside, and forbids everything', () => {
  expect(page).toContain(`content="default-src 'none'; img-src data:; style-src 'unsafe-inline'"`);
  expect(page).not.toMatch(/src="(?!data:)/);
  expect(page).not.toMatch(/<(?:link|script|iframe|object|base)/);
});

test('it shows the ticket, who said what and when, and how it ended', () => {
  expect(page).toContain('Ticket #42');
  expect(page).toContain('<bdi>Ana &lt;b&gt;</bdi> (CUSTOMER)');
  expect(page).toContain('URGENT');
  expect(page).toContain('2026-01-02 03:04:05 UTC');
  expect(page).toContain('<b dir="auto">Kim</b> <span class="role">AGENT</span>');
  expect(page).toContain('<bdi>Kim</bdi> <bdi>closed the ticket: it&#39;s done</bdi>');
});

test('edits keep every version, deletions stay to be read', () => {
  expect(page).toContain('second version');
  expect(page).toMatch(/earlier versions.*message 2/s);
  expect(page).toMatch(/deleted by <bdi>Ana<.*a regret/s);
});

test('images stand in it, other files are named with their sizes, as links', () => {
  expect(page).toContain('<img src="data:image/png;base64,AAAA" alt="cat.png">');
  expect(page).toContain('application/zip, 2.0 KB');
  expect(page).toContain('<a href="https://x/f?a=1&amp;b=&quot;"><bdi>a&quot;&gt;');
  expect(page).toContain('<a href="https://x/lasting">lasting address</a>');
});

test('text that is written from right to left stands so, whatever is around it', () => {
  const text = 'مرحبا hello';
  const rtl = renderTranscript({
    ticket: { ...ticket, topic: text, username: text },
    entries: [entry(1, { content: text, author: { ...ana, name: text } })] as Entry[],
    ...{ images: new Map(), links: new Map(), madeAt: 0 },
  });
  expect(rtl).toContain(`<pre dir="auto">${text}</pre>`);
  expect(rtl).toContain(`<b dir="auto">${text}</b>`);
  expect(rtl).toContain(`Ticket #42: <bdi>${text}</bdi></h1>`);
  expect(rtl).toContain(`<dd dir="auto"><bdi>${text}</bdi> (CUSTOMER)</dd>`);
});

test('of a closed ticket it tells how long things took, and the rating', () => {
  const rated = renderTranscript({
    ticket: {
      ...ticket,
      ...{ first_response_at: created_at + 300_000, response_time: 300_000 },
      rating: { score: 4, comment: 'quick', at: closed_at, first: closed_at },
    },
    ...{ entries: [], images: new Map(), links: new Map(), madeAt: 0 },
  });
  expect(rated).toContain('(after 5 min)');
  expect(rated).toContain('★★★★☆ <bdi>quick</bdi>');
});
