import type { MessageView } from '../../../src/contract/messages.ts';
import type { ActionProps } from './ticket-actions.ts';

/** Offered for every message. */
export const quickEmoji = ['👍', '❤️', '😂', '🎉', '🙏', '😢'];

/** True for an own reaction. */
export function hasReacted({ reactions }: MessageView, me: string, emoji: string): boolean {
  const found = reactions?.find((one) => one.emoji === emoji);
  return found?.users.some(({ id }) => id === me) ?? false;
}

/** Sets an own reaction or takes it back; what has become of it comes with the message. */
export function toggleReaction(
  { desk, session }: ActionProps,
  message: MessageView,
  emoji: string,
): Promise<boolean> {
  const { tickets } = session.client;
  const isSet = hasReacted(message, session.person.id, emoji);
  const change = isSet ? tickets.unreact : tickets.react;
  return desk.run(change(message.ticket_id, message.id, emoji));
}
