import type { MessageView } from '../../../src/contract/messages.ts';
import type { ActionProps } from './ticket-actions.ts';
import { hasReacted, toggleReaction } from './toggle-reaction.ts';

/** How people have reacted to a message; pressing one sets it, too, or takes the own one back. */
export function Reactions(props: ActionProps & { message: MessageView }) {
  const { desk, session, conversation, message } = props;
  const me = session.person.id;
  return (
    <p class="reactions">
      {message.reactions.map(({ emoji, count, users }) => {
        const names = users.map(({ id, name }) => (id === me ? desk.words.say('you') : name));
        const who = names.join(', ');
        return (
          <button
            key={emoji}
            type="button"
            disabled={conversation.isClosed}
            aria-pressed={hasReacted(message, me, emoji)}
            aria-label={`${emoji} ${count}: ${who}`}
            title={who}
            onClick={() => void toggleReaction(props, message, emoji)}
          >
            {emoji} <span>{count}</span>
          </button>
        );
      })}
    </p>
  );
}
