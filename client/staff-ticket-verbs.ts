import type { createVerbs } from './verbs.ts';

/** What staff do with tickets: take and give them, move them on, end them, find them. */
export function createStaffTicketVerbs({ verb, page }: ReturnType<typeof createVerbs>) {
  return {
    /** All, by filters; `q` searches texts. With `page` it says how many there are on all pages. */
    list: page('listTickets', 'GET /tickets'),
    /** Those nobody has taken care of. */
    listNew: page('listNewTickets', 'GET /tickets/new'),
    listOpen: page('listOpenTickets', 'GET /tickets/open'),
    /** Those assigned to who asks. */
    listMine: page('listMyTickets', 'GET /tickets/my-tickets'),
    /** Opens one, for a customer by `customer_id` or `customer_email`. */
    create: verb('createTicket', 'POST /tickets'),
    get: verb('getTicket', 'GET /tickets/:ticketId'),
    /** Topic, category, tags, level … */
    update: verb('updateTicket', 'PATCH /tickets/:ticketId'),
    history: verb('listHistory', 'GET /tickets/:ticketId/history'),
    /** The newest messages and notes together. */
    comments: verb('listComments', 'GET /tickets/:ticketId/comments'),
    addComment: verb('addComment', 'POST /tickets/:ticketId/comments'),

    claim: verb('claimTicket', 'POST /tickets/:ticketId/claim'),
    unclaim: verb('unclaimTicket', 'POST /tickets/:ticketId/unclaim'),
    /** To an id, `auto`, or with null to nobody. */
    assign: verb('assignTicket', 'POST /tickets/:ticketId/assign'),
    setStatus: verb('setStatus', 'PUT /tickets/:ticketId/status'),
    setPriority: verb('setPriority', 'PUT /tickets/:ticketId/priority'),
    /** Until a time; null ends it. */
    snooze: verb('snoozeTicket', 'POST /tickets/:ticketId/snooze'),
    acknowledge: verb('acknowledgeEscalation', 'POST /tickets/:ticketId/acknowledge'),
    approve: verb('approveTicket', 'POST /tickets/:ticketId/approve'),
    reject: verb('rejectTicket', 'POST /tickets/:ticketId/reject'),
    withdraw: verb('withdrawTicket', 'POST /tickets/:ticketId/withdraw'),

    close: verb('closeTicket', 'POST /tickets/:ticketId/close'),
    /** Closes it in `in_ms`, or `at` a time; until then `keepOpen` undoes it. */
    closeLater: verb('scheduleClosing', 'POST /tickets/:ticketId/closing'),
    keepOpen: verb('cancelClosing', 'DELETE /tickets/:ticketId/closing'),
    /** Asks the customer whether it may be closed. */
    requestClosing: verb('requestClosing', 'POST /tickets/:ticketId/close-request'),
    reopen: verb('reopenTicket', 'POST /tickets/:ticketId/reopen'),
  };
}
