import { notFound } from '../../src/errors.ts';
import type { Component } from './command.ts';

/** The button under the line that says why a message was not passed on; see `inbound/receipts`. */
export const retryButton: Component = {
  kind: 'action',
  name: 'again',
  scope: 'ticket',
  needs: 'staff',
  inOrder: true,
  async run({ bridge, ticketId }, _button, [, messageId = '']) {
    const ticket = await bridge.tickets.load(ticketId);
    if (!ticket || !/^\d{17,20}$/.test(messageId)) throw notFound('message');
    return bridge.tryAgain(ticket, messageId);
  },
};
