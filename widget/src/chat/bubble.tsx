import type { LocalFile, OutboxItem } from '../../../client/outbox-item.ts';
import type { FileView, MessageView } from '../../../src/contract/messages.ts';
import type { Conversation } from './conversation.ts';
import type { Desk } from './desk.ts';
import { Arrived, Failed, useProgress } from './foot.tsx';
import { Avatar, Icon, IconButton } from './icons.tsx';
import { Said } from './markup.tsx';
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
  const { content, files, reply_to } = shown.state === 'sent' ? shown.message : shown.item;
  const Quote = reply_to && desk.layers.service?.Quote;
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
          {Quote && <Quote {...props} id={reply_to} />}
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
  if (row.shown.state === 'failed') return <FailedFoot {...props} item={row.shown.item} />;
  if ('item' in row.shown) return <WaitingFoot {...props} item={row.shown.item} />;
  if (!message || !(row.isLast || message.edited || row.isNewestOwn)) return null;
  const { created_at, edited, ticket_id, seq } = message;
  const reach = row.isNewestOwn && session.states.reach(ticket_id, seq);
  return <Arrived {...{ desk, at: created_at, edited, reach }} />;
}

/** On its way: for how long nobody needs to guess where the server has said so. */
function WaitingFoot({ desk, session, conversation, item }: BubbleProps & { item: OutboxItem }) {
  const { say } = desk.words;
  const text = useProgress(desk, session, item);
  const progress = item.uploads?.length ? session.client.progress(item.client_id) : undefined;
  return (
    <p class="foot">
      <Icon name="clock" />{' '}
      <span>
        {progress !== undefined && text === say('sending')
          ? say('uploading', { percent: Math.round(progress * 100) })
          : text}
      </span>
      {item.uploads?.length ? (
        <button type="button" class="link" onClick={() => conversation.cancel(item.client_id)}>
          {say('cancelUpload')}
        </button>
      ) : null}
    </p>
  );
}

function FailedFoot({ desk, session, conversation, item }: BubbleProps & { item: OutboxItem }) {
  const { client_id: id, ticket_id, content: text, reason } = item;
  const isOver = reason?.code === 'CONFLICT' && conversation.isClosed;
  return (
    <Failed
      {...{ desk, reason, text }}
      retry={desk.words.say(isOver ? 'sendInNew' : 'retry')}
      onRetry={() =>
        void (isOver ? conversation.moveToNew(id) : session.client.retry(ticket_id, id))
      }
      onDiscard={() => desk.askDiscard(conversation, id)}
    />
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
