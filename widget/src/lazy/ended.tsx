import { useEffect, useRef } from 'preact/hooks';
import { BLANK, type Conversation } from '../chat/conversation.ts';
import type { Desk } from '../chat/desk.ts';
import type { Session } from '../chat/session.ts';

/** Under a conversation that has ended; what was being written is still there. */
export function Ended(props: { desk: Desk; session: Session; conversation: Conversation }) {
  const { desk, session, conversation } = props;
  const { say } = desk.words;
  const { service } = desk.layers;
  const { text, files, edit } = conversation.draft.state;
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // Whoever was writing must not fall out of the chat with the field.
    const root = button.current?.getRootNode() as ShadowRoot;
    if (!root.activeElement && document.activeElement === document.body) button.current?.focus();
  }, []);
  const kept = [edit?.text, text, ...files.map(({ name }) => name)].filter(Boolean).join('\n');
  return (
    <div class="ended">
      {kept && (
        <>
          <p>{say('keptText')}</p>
          <blockquote dir="auto">{kept}</blockquote>
        </>
      )}
      {service && <service.Rating {...props} />}
      <div class="ended-choices">
        {service && <service.Reopen {...props} />}
        <button
          ref={button}
          type="button"
          class="primary"
          onClick={() => (kept ? conversation.moveDraftToNew() : session.show(BLANK))}
        >
          {say(kept ? 'sendInNew' : 'newChat')}
        </button>
      </div>
    </div>
  );
}
