import { useLayoutEffect, useRef } from 'preact/hooks';
import type { MessageView } from '../../../src/contract/messages.ts';
import type { ActionProps } from './ticket-actions.ts';
import { hasReacted, toggleReaction } from './toggle-reaction.ts';

interface ChipProps extends ActionProps {
  message: MessageView;
  reaction: MessageView['reactions'][number];
}

function Chip(props: ChipProps) {
  const { desk, session, conversation, message, reaction } = props;
  const { emoji, count, users } = reaction;
  const me = session.person.id;
  const names = users.map(({ id, name }) => (id === me ? desk.words.say('you') : name));
  const who = names.join(', ');
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    const { current } = button;
    // Focus management: a button that goes with its reaction leaves the focus to its message's menu.
    return () => {
      const hasFocus = current && desk.environment.shadow.activeElement === current;
      if (hasFocus) current.closest('.row')?.querySelector<HTMLElement>('.tools')?.focus();
    };
  }, [desk]);
  return (
    <button
      ref={button}
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
}

/** How people have reacted to a message; pressing one sets it, too, or takes the own one back. */
export function Reactions(props: ActionProps & { message: MessageView }) {
  return (
    <p class="reactions">
      {props.message.reactions.map((reaction) => (
        <Chip key={reaction.emoji} {...props} reaction={reaction} />
      ))}
    </p>
  );
}
