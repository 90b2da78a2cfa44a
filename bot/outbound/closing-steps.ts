import type { Bridge } from '../bridge.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';

/** The name under which a step of the closing under way is stored. */
export function stepName({ ticket }: MirroredTicket, name: string): string {
  return `${name}@${ticket.ending_seq}`;
}

export function isStepDone(ticket: MirroredTicket, name: string): boolean {
  return ticket.mirror.steps.includes(stepName(ticket, name));
}

export async function saveStep(bridge: Bridge, ticket: MirroredTicket, name: string) {
  const steps = [...ticket.mirror.steps, stepName(ticket, name)];
  await bridge.tickets.save(ticket, { steps, attempt: null });
}
