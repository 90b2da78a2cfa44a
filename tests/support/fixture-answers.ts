import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { MessageView } from '../../src/contract/messages.ts';
import type { TicketView } from '../../src/contract/tickets.ts';
import { mintToken, personAt } from './people.ts';

/** Somebody who has written or owns a ticket, as a token names them. */
export interface FixturePerson {
  id: string;
  username: string;
  email?: string;
  role: string;
  iss?: string;
}

/** What the REST API says of one ticket to an agent. */
export interface TicketAnswers {
  ticket: TicketView;
  /** `Deskcord-Head` of the changes. */
  head: number;
  /** `GET …/messages?after=0`, every page: each message as its last change left it. */
  changes: MessageView[];
  /** `GET …/messages`: the newest that are not deleted. */
  newest: MessageView[];
}

export interface Answers {
  /** By ticket id, in the order in which they were made. */
  tickets: Record<string, TicketAnswers>;
  /** `GET /tickets` of each person, newest first. Who is of the staff sees all, the newest hundred. */
  lists: { person: FixturePerson; tickets: TicketView[] }[];
  /** SHA-256 of the bytes behind the link of each file that is shown. */
  files: Record<string, string>;
}

/** What `expected.json` of a fixture says. */
export interface Expected {
  /** By name: which ticket it is, and what it stands for. */
  tickets: Record<string, { id: string; number: number; what: string }>;
  /** Rows of each collection, and of each kind. */
  counts: Record<string, number>;
  /** See `hashOf`. */
  sha256: string;
  /** What the version that wrote the rows answered for them. */
  answers: Answers;
}

/** Reads `expected.json`; `people` are those to give to `collectAnswers`. */
export async function readExpected(
  folder: string,
): Promise<Expected & { people: FixturePerson[] }> {
  const text = await readFile(join(folder, 'expected.json'), 'utf8');
  const expected = JSON.parse(text) as Expected;
  const people = expected.answers.lists.map(({ person }) => person);
  return { ...expected, people: people.filter(({ id }) => id !== reader.id) };
}

const reader: FixturePerson = { id: 'reader', username: 'Reader', role: 'ADMIN' };

/** A link without what differs each time it is made: host, expiry and signature. */
const pathOf = (url: string) => new URL(url).pathname;

function withoutLinks(message: MessageView): MessageView {
  return {
    ...message,
    attachments: message.attachments.map(pathOf),
    files: message.files.map((file) => ({ ...file, url: pathOf(file.url) })),
  };
}

function must<T>({ status, body }: { status: number; body: T }): T {
  if (status !== 200) throw new Error(`the server answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

type Caller = ReturnType<typeof personAt>;

/** Every page of the changes of a ticket, with the head of the last one. */
async function readChanges(agent: Caller, ticketId: string) {
  const changes: MessageView[] = [];
  for (;;) {
    const page = await agent.list(ticketId, `?after=${changes.at(-1)?.rev ?? 0}`);
    changes.push(...must(page));
    const head = Number(page.headers.get('deskcord-head'));
    if (!page.headers.get('link')) return { head, changes };
  }
}

/** Asks a server all that people may see, with the links taken out of the answers. */
export async function collectAnswers(
  url: string,
  people: readonly FixturePerson[],
): Promise<Answers> {
  const personOf = (person: FixturePerson) => personAt(url, mintToken({ ...person }));
  const agent = personOf(reader);
  const answers: Answers = { tickets: {}, lists: [], files: {} };
  for (const person of [reader, ...people]) {
    const tickets = must(await personOf(person).call<TicketView[]>('GET', '/tickets'));
    answers.lists.push({ person, tickets });
  }
  const ids = answers.lists[0]?.tickets.map(({ id }) => id) ?? [];
  for (const id of ids.sort()) {
    const ticket = must(await agent.call<TicketView>('GET', `/tickets/${id}`));
    const { head, changes } = await readChanges(agent, id);
    const newest = must(await agent.list(id));
    for (const file of changes.flatMap(({ files }) => files)) {
      const bytes = Buffer.from(await (await fetch(file.url)).arrayBuffer());
      answers.files[file.id] = createHash('sha256').update(bytes).digest('hex');
    }
    answers.tickets[id] = {
      ticket,
      head,
      changes: changes.map(withoutLinks),
      newest: newest.map(withoutLinks),
    };
  }
  return answers;
}
