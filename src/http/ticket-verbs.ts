import { acknowledgeEscalation } from '../domain/sla/escalation.ts';
import {
  assignTicket,
  claimTicket,
  requireAssignee,
  unclaimTicket,
} from '../domain/tickets/assign.ts';
import { assignAutomatically } from '../domain/tickets/auto-assign.ts';
import { answerClosing, requestClosing } from '../domain/tickets/close-request.ts';
import { cancelClosing, scheduleClosing } from '../domain/tickets/closing.ts';
import { rateTicket } from '../domain/tickets/rate.ts';
import { snoozeTicket } from '../domain/tickets/snooze.ts';
import {
  approveTicket,
  rejectTicket,
  reopenTicket,
  setStatus,
  withdrawTicket,
} from '../domain/tickets/status.ts';
import { updateTicket } from '../domain/tickets/update.ts';
import type { Handlers } from './endpoint.ts';

export const ticketVerbHandlers = {
  async setStatus({ ctx, actor, params, body }) {
    return { status: 200, body: await setStatus(ctx, actor, params.ticketId, body) };
  },
  async updateStatus({ ctx, actor, params, body }) {
    return { status: 200, body: await setStatus(ctx, actor, params.ticketId, body) };
  },
  async setPriority({ ctx, actor, params, body }) {
    const { comment, priority } = body;
    const view = await updateTicket(ctx, actor, params.ticketId, { priority }, comment);
    return { status: 200, body: view };
  },
  async assignTicket({ ctx, actor, params, body }) {
    const { assigned_to: id } = body;
    if (id?.toLowerCase() === 'auto') {
      return { status: 200, body: await assignAutomatically(ctx, actor, params.ticketId) };
    }
    const assignee = id === null ? null : await requireAssignee(ctx, actor, params.ticketId, id);
    return { status: 200, body: await assignTicket(ctx, actor, params.ticketId, assignee) };
  },
  async claimTicket({ ctx, actor, params }) {
    return { status: 200, body: await claimTicket(ctx, actor, params.ticketId) };
  },
  async unclaimTicket({ ctx, actor, params }) {
    return { status: 200, body: await unclaimTicket(ctx, actor, params.ticketId) };
  },
  async approveTicket({ ctx, actor, params, body }) {
    return { status: 200, body: await approveTicket(ctx, actor, params.ticketId, body) };
  },
  async rejectTicket({ ctx, actor, params, body }) {
    return { status: 200, body: await rejectTicket(ctx, actor, params.ticketId, body) };
  },
  async withdrawTicket({ ctx, actor, params, body }) {
    return { status: 200, body: await withdrawTicket(ctx, actor, params.ticketId, body.comment) };
  },
  async reopenTicket({ ctx, actor, params, body }) {
    return { status: 200, body: await reopenTicket(ctx, actor, params.ticketId, body.reason) };
  },
  async rateTicket({ ctx, actor, params, body }) {
    return { status: 200, body: await rateTicket(ctx, actor, params.ticketId, body) };
  },
  async snoozeTicket({ ctx, actor, params, body }) {
    return { status: 200, body: await snoozeTicket(ctx, actor, params.ticketId, body.until) };
  },
  async scheduleClosing({ ctx, actor, params, body }) {
    return { status: 200, body: await scheduleClosing(ctx, actor, params.ticketId, body) };
  },
  async cancelClosing({ ctx, actor, params }) {
    return { status: 200, body: await cancelClosing(ctx, actor, params.ticketId) };
  },
  async requestClosing({ ctx, actor, params, body }) {
    const { comment } = body;
    return { status: 200, body: await requestClosing(ctx, actor, params.ticketId, comment) };
  },
  async answerClosing({ ctx, actor, params, body }) {
    return { status: 200, body: await answerClosing(ctx, actor, params.ticketId, body.close) };
  },
  async acknowledgeEscalation({ ctx, actor, params }) {
    return { status: 200, body: await acknowledgeEscalation(ctx, actor, params.ticketId) };
  },
} satisfies Partial<Handlers>;
