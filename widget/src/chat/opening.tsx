import type { Bubble } from './bubble.tsx';
import { Icon, IconButton } from './icons.tsx';
import { useNow } from './listeners.ts';
import { Said } from './markup.tsx';
import { reasonText } from './reasons.ts';
import type { Row } from './rows.ts';

/** A line of a conversation, with what it is drawn with. */
export type LineProps = Omit<Parameters<typeof Bubble>[0], 'row'> & { row: Row };

/** What the ticket was opened with is the first thing said. */
export function Opening(props: LineProps & { row: Extract<Row, { kind: 'opening' }> }) {
  const { desk, row, session } = props;
  const { words } = desk;
  const { item } = row;
  const isLimited = item?.reason?.code === 'RATELIMIT';
  const now = useNow(isLimited);
  const seconds = Math.max(1, Math.ceil(((item?.retry_at ?? now) - now) / 1000));
  const isOnline = session.client.connection.state === 'online';
  const state = isLimited
    ? words.say('retryIn', { seconds })
    : words.say(isOnline && item?.failures === 0 ? 'sending' : 'waiting');
  const say = words.say;
  const isSeen = session.states.get(props.conversation.id).last?.isMine === false;
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
            desk.showMenu(currentTarget, () => [
              { icon: 'copy', label: say('copy'), onSelect: copy },
            ])
          }
        />
      </div>
      {item?.state === 'failed' ? (
        <div class="foot failed">
          <p>
            {say('notSent')} {reasonText(words, item.reason)}
          </p>
          <p class="choices">
            <button
              type="button"
              class="link"
              onClick={() => session.client.retryTicket(item.client_id)}
            >
              {say('retry')}
            </button>
            <button type="button" class="link" onClick={copy}>
              {say('copy')}
            </button>
            <button
              type="button"
              class="link"
              onClick={() =>
                desk.ask({
                  ...{ title: say('discardAsk'), hint: say('discardHint'), yes: say('discard') },
                  onYes: () => session.client.discardTicket(item.client_id),
                })
              }
            >
              {say('discard')}
            </button>
          </p>
        </div>
      ) : (
        <p class="foot">
          {item ? (
            state
          ) : (
            <>
              <time dateTime={new Date(row.at).toISOString()}>{words.time(row.at)}</time>
              {row.isNewestOwn && (
                <span class={isSeen ? 'state seen' : 'state'}>
                  <Icon name={isSeen ? 'checks' : 'check'} />
                  {say(isSeen ? 'seen' : 'sent')}
                </span>
              )}
            </>
          )}
        </p>
      )}
    </div>
  );
}
