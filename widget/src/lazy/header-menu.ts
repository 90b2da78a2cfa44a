import type { Conversation } from '../chat/conversation.ts';
import type { Desk, MenuItem } from '../chat/desk.ts';

/** What can be done with the conversation that is shown, and with the chat. */
export function headerMenu(desk: Desk, conversation: Conversation | undefined): MenuItem[] {
  const { say } = desk.words;
  const { sound, notify } = desk.settings;
  const items: MenuItem[] = [
    {
      ...{ icon: 'sound', label: say('sound'), checked: sound },
      onSelect: () => void desk.changeSettings({ sound: !sound }),
    },
  ];
  if ('Notification' in window) {
    items.push({
      ...{ icon: 'bell', label: say('notify'), checked: notify },
      onSelect: () => void desk.changeSettings({ notify: !notify }),
    });
  }
  if (conversation?.ticket && !conversation.isClosed) {
    items.push({
      icon: 'stop',
      label: say('end'),
      danger: true,
      onSelect: () => askEnd(desk, conversation),
    });
  }
  return items;
}

function askEnd(desk: Desk, conversation: Conversation): void {
  const { say } = desk.words;
  desk.ask({
    ...{ title: say('endAsk'), hint: say('endHint'), yes: say('end') },
    onYes: () => void desk.run(conversation.open?.close()),
  });
}
