import type { BubbleProps } from '../chat/bubble.tsx';
import type { MenuItem } from '../chat/layers.ts';
import { drawings } from './drawings.ts';
import { hasReacted, quickEmoji, toggleReaction } from './toggle-reaction.ts';

/** What can be done with a message. */
export function messageMenu(props: BubbleProps): MenuItem[] {
  const { desk, session, conversation, row } = props;
  const { say } = desk.words;
  const { shown, isMine } = row;
  const { content } = shown.state === 'sent' ? shown.message : shown.item;
  const items: MenuItem[] = [];
  if (shown.state === 'sent' && !conversation.isClosed) {
    const { message } = shown;
    for (const emoji of quickEmoji) {
      const checked = hasReacted(message, session.person.id, emoji);
      const onSelect = () => void toggleReaction(props, message, emoji);
      items.push({ label: emoji, checked, onSelect });
    }
  }
  if (shown.state === 'sent' && !conversation.isClosed) {
    const onSelect = () => conversation.reply(shown.message.id);
    items.push({ icon: drawings.reply, label: say('reply'), onSelect });
  }
  if (content)
    items.push({ icon: drawings.copy, label: say('copy'), onSelect: () => desk.copy(content) });
  if (!isMine) return items;
  if (shown.state !== 'sent') {
    const { client_id } = shown.item;
    const onSelect = () => desk.askDiscard(conversation, client_id);
    items.push({ icon: drawings.trash, label: say('discard'), onSelect, danger: true });
    return items;
  }
  if (conversation.isClosed) return items;
  const { message } = shown;
  if (content) {
    const onSelect = () => conversation.beginEdit(message);
    items.push({ icon: 'edit', label: say('edit'), onSelect });
  }
  const onSelect = () =>
    desk.ask({
      title: say('deleteAsk'),
      hint: say('deleteHint'),
      yes: say('delete'),
      onYes: () => desk.run(conversation.open?.remove(message.id)),
    });
  items.push({ icon: drawings.trash, label: say('delete'), onSelect, danger: true });
  return items;
}
