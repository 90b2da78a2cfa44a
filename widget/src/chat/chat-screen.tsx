import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { reasonOf } from '../../../client/errors.ts';
import type { FileView } from '../../../src/contract/messages.ts';
import { Bubble } from './bubble.tsx';
import { addFiles, Composer } from './composer.tsx';
import { BLANK, type Conversation } from './conversation.ts';
import type { Desk } from './desk.ts';
import { Icon, IconButton } from './icons.tsx';
import { GoneNotice, Problem } from './notices.tsx';
import { type LineProps, Opening } from './opening.tsx';
import { reasonText } from './reasons.ts';
import { buildRows, isSameRow, type Row } from './rows.ts';
import type { Session } from './session.ts';
import { VirtualList } from './virtual-list.tsx';

interface ChatScreenProps {
  desk: Desk;
  session: Session;
  conversation: Conversation;
}

/** A conversation: what was said, and where to go on. */
export function ChatScreen({ desk, session, conversation }: ChatScreenProps) {
  const { say } = desk.words;
  const [toEnd, setToEnd] = useState(0);
  const [atBottom, setAtBottom] = useState(true);
  const drop = useDrop(desk, conversation);
  const rows = useRows(session, conversation);
  const render = useRender(desk, session, conversation);
  const { refusal } = conversation.open ?? {};
  useEffect(() => {
    if (!atBottom) return;
    if (desk.isWatched) conversation.markRead();
    conversation.shrink();
  });
  const { typing } = session;
  const { overlays, service } = desk.layers;
  return (
    <div class="screen chat" {...drop.events}>
      {conversation.id === BLANK ? (
        <Welcome desk={desk} session={session} />
      ) : (
        <VirtualList
          rows={rows}
          label={conversation.ticket?.topic ?? say('title')}
          toEnd={toEnd}
          steer={conversation}
          onTop={() => conversation.loadOlder()}
          onBottom={setAtBottom}
          render={render}
          isSame={isSameRow}
        >
          {conversation.isLoading && rows.length < 2 && <p class="hint">{say('loading')}</p>}
          {refusal && <p class="hint">{reasonText(desk.words, reasonOf(refusal))}</p>}
          {typing && (
            <p class="typing" dir="auto">
              <span class="dots" aria-hidden="true">
                <i />
                <i />
                <i />
              </span>
              {say('typing', { name: typing })}
            </p>
          )}
        </VirtualList>
      )}
      {!atBottom && conversation.id !== BLANK && (
        <IconButton
          class="to-end"
          icon="down"
          label={say('newest')}
          onClick={() => setToEnd(toEnd + 1)}
        />
      )}
      <Problem desk={desk} />
      {conversation.id === BLANK && <GoneNotice desk={desk} session={session} />}
      {service && <service.Strip {...{ desk, session, conversation }} />}
      {conversation.isClosed || refusal ? (
        overlays && <overlays.Ended {...{ desk, session, conversation }} />
      ) : (
        <Composer {...{ desk, session, conversation }} onSent={() => setToEnd(toEnd + 1)} />
      )}
      {drop.isOver && <div class="drop">{say('drop')}</div>}
    </div>
  );
}

/** Of thousands of messages, built anew only where something of them has changed. */
function useRows(session: Session, conversation: Conversation): Row[] {
  const { ticket, pending, messages, open } = conversation;
  // Of a ticket in which nothing has happened yet, the opening is all there is to load.
  const isUnknown = open?.loaded === false && ticket?.last_seq !== 0;
  const hasOlder = isUnknown || open?.hasOlder === true;
  const me = session.person.id;
  return useMemo(
    () => buildRows({ me, ticket, pending, messages, hasOlder }),
    [me, ticket, pending, messages, hasOlder],
  );
}

/** Draws a row; another function when something else has changed that rows show. */
function useRender(desk: Desk, session: Session, conversation: Conversation) {
  const { words, layers } = desk;
  const { isClosed, draft, id } = conversation;
  const { seen, delivered } = session.states.get(id);
  return useMemo(
    () => (row: Row) => (
      <Line
        {...{ desk, session, conversation, row }}
        onPicture={(files, file) => showPicture(desk, files, file)}
      />
    ),
    // The session and the desk are those of the conversation.
    [conversation, words, layers.service, isClosed, draft.state.edit?.id, seen, delivered],
  );
}

function Line(props: LineProps) {
  const { desk, row } = props;
  const { words } = desk;
  switch (row.kind) {
    case 'day':
      return (
        <p class="day">
          <time dateTime={new Date(row.at).toISOString()}>{words.day(row.at)}</time>
        </p>
      );
    case 'closed':
      return (
        <p class="closed-line">
          <span dir="auto">
            {row.reason ? words.say('endedWhy', { reason: row.reason }) : words.say('ended')}
          </span>
          <time dateTime={new Date(row.at).toISOString()}>{words.time(row.at)}</time>
        </p>
      );
    case 'opening':
      return <Opening {...props} row={row} />;
    default:
      return <Bubble {...props} row={row} />;
  }
}

function Welcome({ desk, session }: { desk: Desk; session: Session }) {
  const { options, words } = desk;
  const { service } = desk.layers;
  return (
    <div class="welcome">
      <span class="welcome-mark">
        <Icon name="talk" />
      </span>
      <h3 dir="auto">{options.greeting ?? words.say('greeting')}</h3>
      <p dir="auto">{options.intro ?? words.say('intro')}</p>
      <div class="welcome-reply">
        {service && <service.ReplyTime desk={desk} session={session} />}
      </div>
      {session.client.newTickets.length > 0 && <p class="hint">{words.say('waiting')}</p>}
    </div>
  );
}

function showPicture(desk: Desk, files: readonly FileView[], file: FileView): void {
  const { words, environment } = desk;
  void import('./lightbox.js' as string)
    .then((lazy: typeof import('../lazy/lightbox.ts')) => {
      lazy.showLightbox(environment.shadow, files, files.indexOf(file), words.say);
    })
    .catch(() => window.open(file.url, '_blank', 'noopener'));
}

/** Files may be dropped anywhere on a conversation that goes on. */
function useDrop(desk: Desk, conversation: Conversation) {
  const [isOver, setOver] = useState(false);
  const depth = useRef(0);
  const takes = (event: DragEvent) =>
    event.dataTransfer?.types.includes('Files') === true &&
    desk.options.files !== false &&
    !conversation.isClosed;
  const enter = (step: number) => (event: DragEvent) => {
    if (!takes(event)) return;
    depth.current = Math.max(0, depth.current + step);
    setOver(depth.current > 0);
  };
  return {
    isOver,
    events: {
      onDragEnter: enter(1),
      onDragLeave: enter(-1),
      onDragOver: (event: DragEvent) => takes(event) && event.preventDefault(),
      onDrop: (event: DragEvent) => {
        if (!takes(event)) return;
        event.preventDefault();
        depth.current = 0;
        setOver(false);
        void addFiles(desk, conversation, [...(event.dataTransfer?.files ?? [])]);
      },
    },
  };
}
