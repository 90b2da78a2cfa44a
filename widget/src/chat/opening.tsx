import type { Bubble } from './bubble.tsx';
import { Arrived, Failed, useProgress } from './foot.tsx';
import { IconButton } from './icons.tsx';
import { Said } from './markup.tsx';
import type { Row } from './rows.ts';

/** A line of a conversation, with what it is drawn with. */
export type LineProps = Omit<Parameters<typeof Bubble>[0], 'row'> & { row: Row };

/** What the ticket was opened with is the first thing said. */
export function Opening(props: LineProps & { row: Extract<Row, { kind: 'opening' }> }) {
  const { desk, row, session } = props;
  const { words } = desk;
  const { item } = row;
  const { say } = words;
  const progress = useProgress(desk, session, item);
  const reach = row.isNewestOwn && session.states.reach(props.conversation.id, 0);
  const copy = () => desk.copy(row.text);
  return (
    <div
      class={`row mine first last ${item ? (item.state === 'failed' ? 'failed' : 'sending') : 'sent'}`}
    >
      <div class="bubble-line">
        <div class="stack">
          <div class="bubble">
            <span class="sr-only">{say('you')}: </span>
            {row.topic && (
              <strong class="topic" dir="auto">
                {row.topic}
              </strong>
            )}
            <Said text={row.text} isStaff={false} say={say} />
          </div>
        </div>
        <IconButton
          class="tools"
          icon="more"
          label={say('actions')}
          onClick={({ currentTarget }) =>
            desk.showMenu(currentTarget, ({ drawings }) => [
              { icon: drawings.copy, label: say('copy'), onSelect: copy },
            ])
          }
        />
      </div>
      {item?.state === 'failed' ? (
        <Failed
          {...{ desk, reason: item.reason, text: row.text, retry: say('retry') }}
          onRetry={() => session.client.retryTicket(item.client_id)}
          onDiscard={() =>
            desk.ask({
              ...{ title: say('discardAsk'), hint: say('discardHint'), yes: say('discard') },
              onYes: () => session.client.discardTicket(item.client_id),
            })
          }
        />
      ) : item ? (
        <p class="foot">{progress}</p>
      ) : (
        <Arrived {...{ desk, at: row.at, reach }} />
      )}
    </div>
  );
}
