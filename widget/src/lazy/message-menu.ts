import type { BubbleProps } from '../chat/bubble.tsx';
import type { MenuItem } from '../chat/layers.ts';

/** What can be done with a message. */
export function messageMenu({ desk, conversation, row }: BubbleProps): MenuItem[] {
  const { say } = desk.words;
  const { shown, isMine } = row;
  const { content } = shown.state === 'sent' ? shown.message : shown.item;
  const items: MenuItem[] = [];
  if (content) items.push({ icon: 'copy', label: say('copy'), onSelect: () => desk.copy(content) });
  if (!isMine) return items;
  if (shown.state !== 'sent') {
    const { client_id } = shown.item;
    const onSelect = () => desk.askDiscard(conversation, client_id);
    items.push({ icon: 'trash', label: say('discard'), onSelect, danger: true });
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
  items.push({ icon: 'trash', label: say('delete'), onSelect, danger: true });
  return items;
}
