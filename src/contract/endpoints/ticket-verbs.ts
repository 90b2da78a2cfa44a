import { type EndpointRows, inTicket } from '../endpoint-row.ts';
import {
  answerClosingBody,
  approveTicketBody,
  assignTicketBody,
  rateTicketBody,
  rejectTicketBody,
  reopenTicketBody,
  requestClosingBody,
  scheduleClosingBody,
  setPriorityBody,
  setStatusBody,
  snoozeTicketBody,
  withdrawTicketBody,
} from '../ticket-verbs.ts';
import { ticketView } from '../tickets.ts';

const verb = {
  method: 'POST',
  auth: 'token',
  limit: 'desk',
  params: inTicket,
  answers: { 200: ticketView },
  errors: ['FORBIDDEN', 'NOT_FOUND', 'CONFLICT'],
} as const;

const verbWithBody = {
  ...verb,
  errors: [...verb.errors, 'PAYLOAD_TOO_LARGE', 'UNSUPPORTED_MEDIA_TYPE'],
} as const;

export const ticketVerbEndpoints = {
  setStatus: {
    ...verbWithBody,
    method: 'PUT',
    path: '/api/v1/tickets/:ticketId/status',
    summary: 'Move a ticket to a status; a move that is not in the table names those that are.',
    may: 'staff; owner: WITHDRAWN',
    body: setStatusBody,
  },
  updateStatus: {
    ...verbWithBody,
    path: '/api/v1/tickets/:ticketId/update-status',
    summary: 'The same, as sibling systems call it.',
    may: 'staff; owner: WITHDRAWN',
    body: setStatusBody,
  },
  setPriority: {
    ...verbWithBody,
    method: 'PUT',
    path: '/api/v1/tickets/:ticketId/priority',
    summary: 'Set the priority, and with it issue_level.',
    may: 'staff',
    body: setPriorityBody,
  },
  assignTicket: {
    ...verbWithBody,
    path: '/api/v1/tickets/:ticketId/assign',
    summary: 'Give a ticket to a staff member, or with null to nobody.',
    may: 'staff for themselves; ADMIN',
    body: assignTicketBody,
  },
  claimTicket: {
    ...verb,
    path: '/api/v1/tickets/:ticketId/claim',
    summary: 'Take a ticket; of two at once the second is told who was first.',
    may: 'staff',
  },
  unclaimTicket: {
    ...verb,
    path: '/api/v1/tickets/:ticketId/unclaim',
    summary: 'Give a ticket back.',
    may: 'whoever has it; ADMIN',
  },
  approveTicket: {
    ...verbWithBody,
    path: '/api/v1/tickets/:ticketId/approve',
    summary: 'Let a NEW ticket in.',
    may: 'ADMIN',
    body: approveTicketBody,
  },
  rejectTicket: {
    ...verbWithBody,
    path: '/api/v1/tickets/:ticketId/reject',
    summary: 'Reject a NEW ticket.',
    may: 'ADMIN',
    body: rejectTicketBody,
  },
  withdrawTicket: {
    ...verbWithBody,
    path: '/api/v1/tickets/:ticketId/withdraw',
    summary: 'Take a ticket back.',
    may: 'owner, ADMIN',
    body: withdrawTicketBody,
  },
  reopenTicket: {
    ...verbWithBody,
    path: '/api/v1/tickets/:ticketId/reopen',
    summary: 'Open a ticket again that is resolved or closed.',
    may: 'owner, staff',
    body: reopenTicketBody,
  },
  rateTicket: {
    ...verbWithBody,
    path: '/api/v1/tickets/:ticketId/rating',
    summary: 'Rate a closed ticket; changeable for seven days.',
    may: 'owner',
    body: rateTicketBody,
  },
  snoozeTicket: {
    ...verbWithBody,
    path: '/api/v1/tickets/:ticketId/snooze',
    summary: 'Put a ticket aside until a time; null ends it.',
    may: 'staff',
    body: snoozeTicketBody,
  },
  scheduleClosing: {
    ...verbWithBody,
    path: '/api/v1/tickets/:ticketId/closing',
    summary: 'Close a ticket later; until then it can be undone.',
    may: 'owner, staff',
    body: scheduleClosingBody,
  },
  cancelClosing: {
    ...verb,
    method: 'DELETE',
    path: '/api/v1/tickets/:ticketId/closing',
    summary: 'Undo a closing that is not due yet.',
    may: 'owner, staff',
  },
  requestClosing: {
    ...verbWithBody,
    path: '/api/v1/tickets/:ticketId/close-request',
    summary: 'Ask the customer whether the ticket may be closed.',
    may: 'staff',
    body: requestClosingBody,
  },
  answerClosing: {
    ...verbWithBody,
    path: '/api/v1/tickets/:ticketId/close-request/answer',
    summary: 'Say whether it may: yes closes it.',
    may: 'owner',
    body: answerClosingBody,
  },
  acknowledgeEscalation: {
    ...verb,
    path: '/api/v1/tickets/:ticketId/acknowledge',
    summary: 'Say that somebody sees to a ticket that has been escalated: it rises no further.',
    may: 'staff',
    errors: ['FORBIDDEN', 'NOT_FOUND'],
  },
} as const satisfies EndpointRows;
