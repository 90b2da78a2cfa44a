import type { History } from '../subjects/histories.ts';
import { type CostCase, idOf } from './rest-cases.ts';
import type { Site } from './site.ts';

const sentId = (ack: string) =>
  idOf(JSON.stringify((JSON.parse(ack) as { message: object }[])[0]?.message));

function readingCases(site: Site, { kind, ticket, head }: History): CostCase[] {
  const sync = (name: string, after: number) => ({
    name: `sync ${name}, ${kind}`,
    run: () => site.ask('customer', 'sync', { ticket_id: ticket, after }),
  });
  return [sync('after 0', 0), sync('after head - 1', head - 1)];
}

function writingCases(site: Site, nth: number, kind: string): CostCase[] {
  const at = (sweep: number) => site.written(sweep)[nth] as History;
  const ask = (sweep: number, event: string, input: object) =>
    site.ask('customer', event, { ticket_id: at(sweep).ticket, ...input });
  let sent = '';
  return [
    {
      name: `send_message, ${kind}`,
      run: (sweep) => ask(sweep, 'send_message', { content: `over a socket in sweep ${sweep}` }),
    },
    {
      name: `edit, ${kind}`,
      run: (sweep) => {
        const content = `edited over a socket in sweep ${sweep}`;
        return ask(sweep, 'edit', { message_id: at(sweep).first, content });
      },
    },
    {
      name: `delete, ${kind}`,
      async prepare(sweep) {
        sent = sentId(await ask(sweep, 'send_message', { content: 'regretted' }));
      },
      run: (sweep) => ask(sweep, 'delete', { message_id: sent }),
    },
    { name: `typing, ${kind}`, run: (sweep) => ask(sweep, 'typing', {}) },
    { name: `read, ${kind}`, run: (sweep) => ask(sweep, 'read', { seq: 1 }) },
    {
      name: `subscribe, ${kind}`,
      prepare: () => site.ask('staff', 'subscribe', { all: true }),
      run: (sweep) => site.ask('staff', 'subscribe', { ticket_id: at(sweep).ticket }),
    },
    {
      name: `unsubscribe, ${kind}`,
      run: (sweep) => site.ask('staff', 'unsubscribe', { ticket_id: at(sweep).ticket }),
    },
  ];
}

/** Every event a client may send that reads or changes something. */
export function socketCases(site: Site): CostCase[] {
  let ticket = '';
  return [
    {
      name: 'authorize, customer',
      run: () => site.ask('customer', 'authorize', { token: site.customer }),
    },
    { name: 'authorize, staff', run: () => site.ask('staff', 'authorize', { token: site.staff }) },
    {
      name: 'close_ticket',
      async prepare() {
        ticket = site.takeTicket();
        await site.ask('customer', 'send_message', { ticket_id: ticket, content: 'warm' });
      },
      run: () => site.ask('customer', 'close_ticket', { ticket_id: ticket }),
    },
    ...site.histories.flatMap((history) => readingCases(site, history)),
    ...site.written(0).flatMap(({ kind }, nth) => writingCases(site, nth, kind)),
  ];
}
