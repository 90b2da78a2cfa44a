import type { LocalFile, OutboxItem } from '../../../client/outbox-item.ts';
import type { FileView, MessageView } from '../../../src/contract/messages.ts';
import type { Conversation } from './conversation.ts';
import type { Desk } from './desk.ts';
import { Avatar, Icon, IconButton } from './icons.tsx';
import { useNow } from './listeners.ts';
import { Said } from './markup.tsx';
import { reasonText } from './reasons.ts';
import type { Row } from './rows.ts';
import type { Session } from './session.ts';
import { sizeText } from './text-rules.ts';

export interface BubbleProps {
  desk: Desk;
  session: Session;
  conversation: Conversation;
  row: Extract<Row, { kind: 'message' }>;
  onPicture(files: readonly FileView[], file: FileView): void;
}

/** One message, own ones at the end of the line. */
export function Bubble(props: BubbleProps) {
  const { desk, row, conversation } = props;
  const { shown, isMine, isFirst, isLast } = row;
  const { say } = desk.words;
  const message = shown.state === 'sent' ? shown.message : undefined;
  const { content, files } = shown.state === 'sent' ? shown.message : shown.item;
  const uploads = shown.state === 'sent' ? [] : (shown.item.uploads ?? []);
  const isEdited = conversation.draft.state.edit?.id === message?.id && message !== undefined;
  const hasMenu = content !== '' || (message ? !conversation.isClosed : isMine);
  const Reactions = message?.reactions?.length ? desk.layers.service?.Reactions : undefined;
  const classes = ['row', isMine ? 'mine' : 'theirs', shown.state];
  if (isFirst) classes.push('first');
  if (isLast) classes.push('last');
  if (isEdited) classes.push('in-edit');
  return (
    <div class={classes.join(' ')}>
      {!isMine && message && isFirst && (
        <p class="author" dir="auto">
          {message.author_name}
        </p>
      )}
      <div class="bubble-line">
        {!isMine && message && isLast && (
          <Avatar name={message.author_name} id={message.author_id} />
        )}
        <div class="stack">
          {(files.length > 0 || uploads.length > 0) && (
            <Files {...props} files={files} uploads={uploads} />
          )}
          {content && (
            <div class="bubble">
              <span class="sr-only">{isMine ? say('you') : message?.author_name}: </span>
              <Said text={content} isStaff={!isMine} say={say} />
            </div>
          )}
        </div>
        {hasMenu && (
          <IconButton
            class="tools"
            icon="more"
            label={say('actions')}
            onClick={({ currentTarget }) =>
              desk.showMenu(currentTarget, ({ messageMenu }) => messageMenu(props))
            }
          />
        )}
      </div>
      {Reactions && message && <Reactions {...props} message={message} />}
      <Foot {...props} message={message} />
    </div>
  );
}

function Foot(props: BubbleProps & { message: MessageView | undefined }) {
  const { desk, row, message, session } = props;
  const { words } = desk;
  if (row.shown.state === 'failed') return <FailedFoot {...props} item={row.shown.item} />;
  if ('item' in row.shown) return <WaitingFoot {...props} item={row.shown.item} />;
  if (!message || !(row.isLast || message.edited || row.isNewestOwn)) return null;
  const { isNewestOwn } = row;
  const isSeen = session.states.get(message.ticket_id).seen >= message.seq;
  return (
    <p class="foot">
      {message.edited && <span>{words.say('edited')} ·</span>}
      <time
        dateTime={new Date(message.created_at).toISOString()}
        title={words.full(message.created_at)}
      >
        {words.time(message.created_at)}
      </time>
      {isNewestOwn && (
        <span class={isSeen ? 'state seen' : 'state'}>
          <Icon name={isSeen ? 'checks' : 'check'} />
          {words.say(isSeen ? 'seen' : 'sent')}
        </span>
      )}
    </p>
  );
}

/** On its way: for how long nobody needs to guess where the server has said so. */
function WaitingFoot({ desk, session, conversation, item }: BubbleProps & { item: OutboxItem }) {
  const { say } = desk.words;
  const isLimited = item.reason?.code === 'RATELIMIT' && item.retry_at !== undefined;
  const now = useNow(isLimited);
  const progress = item.uploads?.length ? session.client.progress(item.client_id) : undefined;
  const seconds = Math.max(1, Math.ceil(((item.retry_at ?? now) - now) / 1000));
  const isOnline = session.client.connection.state === 'online';
  let text = say(isOnline && item.failures === 0 ? 'sending' : 'waiting');
  if (isLimited) text = say('retryIn', { seconds });
  else if (progress !== undefined && isOnline) {
    text = say('uploading', { percent: Math.round(progress * 100) });
  }
  return (
    <p class="foot">
      <Icon name="clock" /> <span>{text}</span>
      {item.uploads?.length ? (
        <button type="button" class="link" onClick={() => conversation.cancel(item.client_id)}>
          {say('cancelUpload')}
        </button>
      ) : null}
    </p>
  );
}

function FailedFoot({ desk, session, conversation, item }: BubbleProps & { item: OutboxItem }) {
  const { words } = desk;
  const { say } = words;
  const isOver = item.reason?.code === 'CONFLICT' && conversation.isClosed;
  return (
    <div class="foot failed">
      <p>
        <Icon name="alert" /> {say('notSent')} {reasonText(words, item.reason)}
      </p>
      <p class="choices">
        {isOver ? (
          <button type="button" class="link" onClick={() => conversation.moveToNew(item.client_id)}>
            {say('sendInNew')}
          </button>
        ) : (
          <button
            type="button"
            class="link"
            onClick={() => session.client.retry(item.ticket_id, item.client_id)}
          >
            {say('retry')}
          </button>
        )}
        {item.content && (
          <button type="button" class="link" onClick={() => desk.copy(item.content)}>
            {say('copy')}
          </button>
        )}
        <button
          type="button"
          class="link"
          onClick={() => desk.askDiscard(conversation, item.client_id)}
        >
          {say('discard')}
        </button>
      </p>
    </div>
  );
}

interface FilesProps extends BubbleProps {
  files: readonly FileView[];
  uploads: readonly LocalFile[];
}

const isPicture = ({ type }: { type: string }) => /^image\/(png|jpe?g|gif|webp|avif)$/.test(type);

/** What is attached: pictures as pictures, the rest by name; and what is still on its way. */
function Files({ desk, session, files, uploads, onPicture }: FilesProps) {
  const { say, locale } = desk.words;
  const pictures = files.filter(isPicture);
  return (
    <div class="files">
      {files.map((file) =>
        isPicture(file) ? (
          <button
            key={file.id}
            type="button"
            class="picture"
            aria-label={say('picture', { name: file.name })}
            onClick={() => onPicture(pictures, file)}
          >
            <img src={file.url} alt="" loading="lazy" />
          </button>
        ) : (
          <a key={file.id} class="file" href={file.url} target="_blank" rel="noreferrer noopener">
            <Icon name="file" />
            <span class="file-name" dir="auto">
              {file.name}
            </span>
            <small>{sizeText(file.size, locale)}</small>
          </a>
        ),
      )}
      {uploads.map((file) => {
        const url = session.previews.url(file);
        return url ? (
          <span key={file.key} class="picture waiting">
            <img src={url} alt={file.name} />
          </span>
        ) : (
          <span key={file.key} class="file waiting">
            <Icon name="file" />
            <span class="file-name" dir="auto">
              {file.name}
            </span>
            <small>{sizeText(file.size, locale)}</small>
          </span>
        );
      })}
    </div>
  );
}
