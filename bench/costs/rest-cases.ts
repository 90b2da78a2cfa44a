import type { History } from '../subjects/histories.ts';
import { mintToken } from '../subjects/tokens.ts';
import type { Site } from './site.ts';

/** One kind of request, timed again and again in a database of each size. */
export interface CostCase {
  name: string;
  /** What has to be done before, untimed. */
  prepare?(sweep: number): Promise<unknown>;
  /** @returns the body of the answer */
  run(sweep: number): Promise<string>;
}

const filters = [
  '',
  'status=OPEN',
  'issue_level=CRITICAL',
  'support_role=TECHNICAL',
  'status=CLOSED&issue_level=CRITICAL',
  'status=CLOSED&support_role=GENERAL',
  'issue_level=URGENT&support_role=TECHNICAL',
  'status=OPEN&issue_level=URGENT&support_role=TECHNICAL',
];

function listCases(site: Site): CostCase[] {
  return (['staff', 'customer'] as const).flatMap((who) =>
    filters.map((filter) => ({
      name: `GET /tickets?${filter}, ${who}`,
      run: () => site.call('GET', `/tickets?${filter}`, site[who]),
    })),
  );
}

function pageCases(site: Site, { kind, ticket, head }: History): CostCase[] {
  const middle = Math.ceil(head / 2);
  const pages = {
    '': '',
    'limit=1': 'limit=1',
    'before=middle': `before=${middle}`,
    'before=middle&limit=1': `before=${middle}&limit=1`,
    'after=0': 'after=0',
    'after=0&limit=1': 'after=0&limit=1',
    'after=middle&limit=1': `after=${middle}&limit=1`,
    'after=head-1': `after=${head - 1}`,
  };
  return Object.entries(pages).map(([name, query]) => ({
    name: `GET messages?${name}, ${kind}`,
    run: () => site.call('GET', `/tickets/${ticket}/messages?${query}`, site.customer),
  }));
}

function ticketCases(site: Site, { kind, ticket }: History): CostCase[] {
  return [
    { name: `GET ticket, ${kind}`, run: () => site.call('GET', `/tickets/${ticket}`, site.staff) },
  ];
}

/** The id of what a request has made. */
export const idOf = (body: string) => (JSON.parse(body) as { id: string }).id;

function writingCases(site: Site, nth: number, kind: string): CostCase[] {
  const at = (sweep: number) => site.written(sweep)[nth] as History;
  const messages = (sweep: number) => `/tickets/${at(sweep).ticket}/messages`;
  const send = (sweep: number, body: object) =>
    site.call('POST', messages(sweep), site.customer, body);
  let sent = '';
  return [
    {
      name: `POST message, ${kind}`,
      // The first one a server sends for a ticket reads its head.
      prepare: (sweep) => send(sweep, { content: 'warm' }),
      run: (sweep) => send(sweep, { content: `sent in sweep ${sweep}` }),
    },
    {
      name: `POST message again, ${kind}`,
      prepare: (sweep) => send(sweep, { content: 'once', client_id: `again-${sweep}` }),
      run: (sweep) => send(sweep, { content: 'once', client_id: `again-${sweep}` }),
    },
    {
      name: `PATCH message, ${kind}`,
      run: (sweep) => {
        const path = `${messages(sweep)}/${at(sweep).first}`;
        return site.call('PATCH', path, site.customer, { content: `edited in sweep ${sweep}` });
      },
    },
    {
      name: `DELETE message, ${kind}`,
      async prepare(sweep) {
        sent = idOf(await send(sweep, { content: 'regretted' }));
      },
      run: (sweep) => site.call('DELETE', `${messages(sweep)}/${sent}`, site.customer),
    },
    {
      name: `PATCH ticket, ${kind}`,
      run: (sweep) => {
        const topic = `Topic of sweep ${sweep}`;
        return site.call('PATCH', `/tickets/${at(sweep).ticket}`, site.customer, { topic });
      },
    },
  ];
}

function uploadRequest(ticket: string, token: string): string {
  const boundary = 'bench-boundary';
  const file = `Content-Disposition: form-data; name="file"; filename="note.txt"`;
  const body = `--${boundary}\r\n${file}\r\nContent-Type: text/plain\r\n\r\n${'a note '.repeat(100)}\r\n--${boundary}--\r\n`;
  const head = `POST /api/v1/tickets/${ticket}/attachments HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer ${token}\r\n`;
  const type = `Content-Type: multipart/form-data; boundary=${boundary}\r\n`;
  return `${head}${type}Content-Length: ${body.length}\r\n\r\n${body}`;
}

function otherCases(site: Site): CostCase[] {
  const opening = { topic: 'A parcel', description: 'It has not come.' };
  const newcomer = (sweep: number) => mintToken(`newcomer-${sweep}`, 'TEMP_USER');
  let url = '';
  let ticket = '';
  return [
    {
      name: 'POST ticket',
      run: (sweep) => site.call('POST', '/tickets', newcomer(sweep), opening),
    },
    {
      name: 'POST close',
      async prepare() {
        ticket = site.takeTicket();
        await site.call('POST', `/tickets/${ticket}/messages`, site.customer, { content: 'warm' });
      },
      run: () => site.call('POST', `/tickets/${ticket}/close`, site.customer, {}),
    },
    {
      name: 'POST attachment',
      run: async (sweep) => {
        const into = site.written(sweep)[0]?.ticket as string;
        const body = await site.request(uploadRequest(into, site.customer));
        url = (JSON.parse(body) as { url: string }).url;
        return body;
      },
    },
    {
      name: 'GET file',
      async run() {
        const { pathname, search } = new URL(url);
        await site.request(`GET ${pathname}${search} HTTP/1.1\r\nHost: bench\r\n\r\n`);
        return '{}';
      },
    },
  ];
}

/** Every endpoint, on every history that can make a difference to it. */
export function restCases(site: Site): CostCase[] {
  return [
    ...listCases(site),
    ...site.histories.flatMap((history) => [
      ...ticketCases(site, history),
      ...pageCases(site, history),
    ]),
    ...site.written(0).flatMap(({ kind }, nth) => writingCases(site, nth, kind)),
    ...otherCases(site),
  ];
}
