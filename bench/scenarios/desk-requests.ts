import { commonWords, rarestRank, wordOfRank } from '../generator/desk-text.ts';

/** Who asks: the customer with the most tickets, one of forty agents, an administrator. */
export type Asker = 'customer' | 'agent' | 'admin';

/** One request of somebody's, by the name it has in the report. */
export interface DeskRequest {
  name: string;
  kind: 'search' | 'desk';
  as: Asker;
  path: string;
}

export const askers: Readonly<Record<Asker, readonly [string, 'TEMP_USER' | 'AGENT' | 'ADMIN']>> = {
  customer: ['customer-0', 'TEMP_USER'],
  agent: ['agent-1', 'AGENT'],
  admin: ['chief', 'ADMIN'],
};

const words = (...ranks: number[]) => ranks.map(wordOfRank).join('+');
const rare = rarestRank - 1000;
const { japanese, arabic } = commonWords;

const searches: readonly (readonly [name: string, query: string, as?: Asker])[] = [
  ['the commonest word', `q=${words(0)}`],
  ['a rare word', `q=${words(rare)}`],
  ['a Japanese word', `q=${encodeURIComponent(japanese)}`],
  ['two Japanese words', `q=${encodeURIComponent(`${japanese}の注文`)}`],
  ['an Arabic word', `q=${encodeURIComponent(arabic)}`],
  ['two common words', `q=${words(0, 1)}`],
  ['two words that seldom meet', `q=${words(3000, 3001)}`],
  ['a common and a rare word', `q=${words(0, rare)}`],
  ['a word that nobody wrote', 'q=nowheretobefound'],
  ['common words and one that nobody wrote', `q=${words(0, 1)}+nowheretobefound`],
  ['the commonest word in both scripts', `q=${words(0)}+${encodeURIComponent(arabic)}`],
  ['the commonest word, filtered', `q=${words(0)}&status=OPEN`],
  ['the commonest word, what is due', `q=${words(0)}&sla=due`],
  ['a rare word, filtered', `q=${words(rare)}&status=WAITING&priority=HIGH`],
  ['the commonest word', `q=${words(0)}`, 'customer'],
  ['a rare word', `q=${words(rare)}`, 'customer'],
];

const DAY_MS = 86_400_000;
const daysAgo = (days: number) => String(Date.now() - days * DAY_MS);

const staffFilters = [
  'status=open',
  'status=new',
  'status=OPEN',
  'status=NEW',
  'status=IN_PROGRESS',
  'status=WAITING',
  'status=CLOSED',
  'status=REJECTED',
  'issue_level=URGENT',
  'support_role=MANAGER',
  'priority=LOW',
  'category=BILLING',
  'assigned_to=me',
  'assigned_to=none',
  'assigned_to=agent-7',
  'user_id=customer-0',
  'tag=vip',
  'tag=unknown',
  'sla=breached',
  'sla=due',
  'status=CLOSED&sla=breached',
  'status=WAITING&tag=vip&category=ACCOUNT',
  'status=open&priority=URGENT&assigned_to=none',
];
const spans = (): readonly (readonly [string, string])[] => [
  ['created in ten days', `created_from=${daysAgo(50)}&created_to=${daysAgo(40)}`],
  ['created up to long ago', `created_to=${daysAgo(80)}`],
  ['updated in ten days', `updated_from=${daysAgo(50)}&updated_to=${daysAgo(40)}`],
  ['updated up to long ago', `updated_to=${daysAgo(80)}`],
  ['updated since yesterday', `updated_from=${daysAgo(2)}`],
  ['closed in ten days', `closed_from=${daysAgo(50)}&closed_to=${daysAgo(40)}`],
  ['closed at any time', 'closed_from=1'],
];
const sorts = [
  'sort=created_at&order=asc',
  'sort=updated_at',
  'sort=updated_at&order=asc',
  'sort=priority',
  'sort=priority&order=asc',
  'sort=sla',
  'sort=sla&order=desc',
  'sort=updated_at&status=open',
  'sort=priority&status=open',
  'sort=sla&status=open&assigned_to=me',
  'sort=updated_at&category=BILLING',
  'sort=updated_at&sla=breached',
  'sort=updated_at&tag=vip',
];
const deep = [
  'page=1000',
  'page=1000&limit=100',
  'page=1000&status=CLOSED',
  'page=500&status=open',
  'page=1000&sort=updated_at',
  'page=1000&sort=priority',
  'page=900&sort=sla',
  'page=500&category=BILLING',
  'page=500&tag=vip',
  'page=500&sla=breached',
  'page=900&assigned_to=none',
];
const own = [
  '',
  'page=1',
  'page=20',
  'status=open',
  'status=CLOSED&page=1',
  'priority=HIGH',
  'category=BILLING',
  'sort=updated_at',
  'sort=priority',
];

function lists(): DeskRequest[] {
  const list = (as: Asker, query: string, name = query): DeskRequest => ({
    name: `${as === 'customer' ? 'a customer’s list' : 'list'}, ${name || 'no filter'}`,
    ...{ kind: 'desk', as, path: `/tickets?${query}` },
  });
  const counted = (query: string, name = query) => [
    list('agent', query, name),
    list('agent', `${query}&page=1`, `${name}, counted`),
  ];
  return [
    list('agent', ''),
    ...staffFilters.flatMap((query) => counted(query)),
    ...spans().flatMap(([name, query]) => counted(query, name)),
    ...sorts.flatMap((query) => counted(query)),
    ...deep.map((query) => list('agent', query)),
    ...own.map((query) => list('customer', query)),
    ...['new', 'open', 'my-tickets'].map(
      (name): DeskRequest => ({
        ...{ name: `list of ${name}, counted`, kind: 'desk', as: 'agent' },
        path: `/tickets/${name}?page=1`,
      }),
    ),
  ];
}

const numbers = [
  'statistics/dashboard',
  'statistics/trends?days=90',
  'admin/reports/tickets?from=FROM&to=TO',
  'admin/reports/agents?from=FROM&to=TO',
  'admin/reports/sla?from=FROM&to=TO',
];

/** A ticket as most are, and the one with a hundredth of all messages. */
export interface DeskTickets {
  usual: string;
  longest: string;
}

/** All that is asked of a desk. */
export function deskRequests({ usual, longest }: DeskTickets): DeskRequest[] {
  const dayOf = (days: number) => new Date(Number(daysAgo(days))).toISOString().slice(0, 10);
  const reports = numbers.flatMap((path) =>
    (['admin', 'agent'] as const).map(
      (as): DeskRequest => ({
        ...{ name: `${path.replace(/\?.*/, '')}, ${as}`, kind: 'desk', as },
        path: `/${path.replace('FROM', dayOf(92)).replace('TO', dayOf(2))}`,
      }),
    ),
  );
  const parts = ['', '/messages', '/messages?after=0', '/notes', '/comments', '/history'];
  const views = [
    ...[usual, longest].flatMap((id, nth) =>
      parts.map((part) => ({
        name: `${nth === 0 ? 'a ticket' : 'the longest ticket'}${part.replace('/', ', ')}`,
        path: `/tickets/${id}${part}`,
      })),
    ),
    { name: 'a transcript', path: `/tickets/${usual}/transcript` },
    { name: 'agents', path: '/agents' },
  ];
  return [
    ...searches.map(([name, query, as = 'agent']): DeskRequest => {
      const asked = as === 'customer' ? `a customer, ${name}` : name;
      return { name: asked, kind: 'search', as, path: `/tickets?${query}` };
    }),
    ...lists(),
    ...reports,
    ...views.map((view): DeskRequest => ({ ...view, kind: 'desk', as: 'agent' })),
  ];
}
