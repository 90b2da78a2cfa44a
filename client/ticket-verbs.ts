import type { TicketView } from '../src/contract/tickets.ts';
import type { Calls, NewTicket, TicketQuery } from './calls.ts';
import type { Rest } from './rest.ts';
import { createVerbs } from './verbs.ts';

/** What a user may do with tickets: customers with their own, staff as the server lets them. */
export function createTicketVerbs(calls: Calls, rest: Rest) {
  const { verb } = createVerbs(rest);
  return {
    /** Newest first, at most 100. */
    list: (query: TicketQuery = {}): Promise<TicketView[]> => calls.listTickets(query),
    /** Asks until it is there. `context` says of which page, browser or plan it comes. */
    create: (body: NewTicket): Promise<TicketView> => calls.createTicket(body),
    get: (id: string): Promise<TicketView> => calls.getTicket(id),
    /** The topic; where the server lets customers, the urgency (`priority`, `issue_level`) too. */
    update: verb('updateTicket', 'PATCH /tickets/:ticketId'),
    /** Closes it in `in_ms`, or `at` a time; until then `keepOpen` undoes it. */
    closeLater: verb('scheduleClosing', 'POST /tickets/:ticketId/closing'),
    keepOpen: verb('cancelClosing', 'DELETE /tickets/:ticketId/closing'),
    /** Answers `close_request` of staff: yes closes the ticket. */
    answerCloseRequest: verb('answerClosing', 'POST /tickets/:ticketId/close-request/answer'),
    /** Until its `reopen_until`. */
    reopen: verb('reopenTicket', 'POST /tickets/:ticketId/reopen'),
    /** Of a closed ticket; again within seven days it changes the rating. */
    rate: verb('rateTicket', 'POST /tickets/:ticketId/rating'),
    withdraw: verb('withdrawTicket', 'POST /tickets/:ticketId/withdraw'),
    /** Reacts to a message with an emoji; once, however often. */
    react: verb('addReaction', 'PUT /tickets/:ticketId/messages/:messageId/reactions/:emoji'),
    /** Takes the own reaction back. */
    unreact: verb(
      'removeReaction',
      'DELETE /tickets/:ticketId/messages/:messageId/reactions/:emoji',
    ),
    /** Who changed what, and when. */
    history: verb('listHistory', 'GET /tickets/:ticketId/history'),
  };
}

export type TicketVerbs = ReturnType<typeof createTicketVerbs>;
