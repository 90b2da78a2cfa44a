import { Icon } from '../chat/icons.tsx';
import { useChanges } from '../chat/listeners.ts';
import { plainText } from '../chat/markup.tsx';
import { drawings } from './drawings.ts';
import type { ActionProps } from './ticket-actions.ts';

/** Who said the message that is answered, and its first words, as far as it is known here. */
function useAnswered({ desk, session, conversation }: ActionProps, id: string) {
  useChanges(session);
  const { say } = desk.words;
  const found = conversation.messages.find(
    (shown) => shown.state === 'sent' && shown.message.id === id,
  );
  if (found?.state !== 'sent') return { text: say('earlier') };
  const { author_id, author_name, content, files } = found.message;
  return {
    key: found.key,
    name: author_id === session.person.id ? say('you') : author_name,
    text: plainText(content).slice(0, 200) || files.map((file) => file.name).join(', '),
  };
}

function Words({ name, text }: { name?: string; text: string }) {
  return (
    <>
      {name && (
        <b>
          <bdi>{name}</bdi>:{' '}
        </b>
      )}
      <span class="quoted" dir="auto">
        {text}
      </span>
    </>
  );
}

/** Above an answer: what it answers, and the way there. */
export function Quote(props: ActionProps & { id: string }) {
  const { desk, conversation, id } = props;
  const { key, ...words } = useAnswered(props, id);
  const children = (
    <>
      <Icon name={drawings.reply} flip />
      <span class="sr-only">{desk.words.say('reply')}: </span>
      <Words {...words} />
    </>
  );
  if (!key) return <span class="quote">{children}</span>;
  return (
    <button type="button" class="quote" onClick={() => conversation.goTo?.(key)}>
      {children}
    </button>
  );
}

/** Above where one writes: what will be answered. */
export function ReplyBar(props: ActionProps & { id: string }) {
  const { desk, conversation, id } = props;
  const { say } = desk.words;
  const { key: _key, ...words } = useAnswered(props, id);
  return (
    <p class="edit-bar">
      <Icon name={drawings.reply} flip />
      <span class="sr-only">{say('reply')}: </span>
      <Words {...words} />
      <button type="button" class="link" onClick={() => conversation.reply(undefined)}>
        {say('cancel')}
      </button>
    </p>
  );
}
