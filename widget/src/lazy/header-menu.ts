import type { Conversation } from '../chat/conversation.ts';
import type { Desk } from '../chat/desk.ts';
import type { MenuItem } from '../chat/layers.ts';
import type { Settings } from '../chat/news.ts';
import type * as Copy from './copy.ts';
import { drawings } from './drawings.ts';
import { type ActionProps, endSoon } from './ticket-actions.ts';

/** What can be done with the conversation that is shown, and with the chat. */
export function headerMenu(desk: Desk, conversation: Conversation | undefined): MenuItem[] {
  const { say } = desk.words;
  const { sound, notify } = desk.news.settings;
  const change = (settings: Partial<Settings>) =>
    void desk.news.change(settings).then(desk.tell, () => undefined);
  const items: MenuItem[] = [
    {
      ...{ icon: drawings.sound, label: say('sound'), checked: sound },
      onSelect: () => change({ sound: !sound }),
    },
  ];
  if ('Notification' in window) {
    items.push({
      ...{ icon: drawings.bell, label: say('notify'), checked: notify },
      onSelect: () => change({ notify: !notify }),
    });
  }
  const { session } = desk;
  if (!session || !conversation?.ticket) return items;
  const props = { desk, session, conversation };
  items.push({ icon: 'file', label: say('saveCopy'), onSelect: () => void saveCopy(props) });
  if (!conversation.isClosed && conversation.closingDueAt === null) {
    const onSelect = () => void endSoon(props);
    items.push({ icon: drawings.stop, label: say('end'), danger: true, onSelect });
  }
  return items;
}

async function saveCopy(props: ActionProps): Promise<void> {
  const file = './copy.js';
  const lazy: typeof Copy | undefined = await import(file).catch(() => undefined);
  if (!lazy) return props.desk.problem(props.desk.words.say('errOffline'));
  await props.desk.run(lazy.saveCopy(props));
}
