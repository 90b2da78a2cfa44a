import { useState } from 'preact/hooks';
import type { OpenTicket, ShownMessage } from '../../../../client/open-ticket.ts';
import type { FileView } from '../../../../src/contract/messages.ts';
import { Avatar } from '../avatar.tsx';
import { Icon, IconButton } from '../icons.tsx';
import { Markdown } from '../markdown.tsx';
import { fileSize } from '../sizes.ts';
import { fullTime, shortTime } from '../time.ts';
import type { DeskSession } from './desk-session.ts';

interface BubbleProps {
  session: DeskSession;
  open: OpenTicket;
  row: ShownMessage;
  before: ShownMessage | undefined;
  isLast: boolean;
  onProblem: (error: Error) => void;
}

const authorOf = (row: ShownMessage | undefined, me: string) =>
  row === undefined ? '' : row.state === 'sent' ? row.message.author_id : me;

/** One message, own ones on the right. */
export function Bubble({ session, open, row, before, isLast, onProblem }: BubbleProps) {
  const [editing, setEditing] = useState(false);
  const me = session.customer;
  const author = authorOf(row, me);
  const isMine = author === me;
  const continued = authorOf(before, me) === author;
  const message = row.state === 'sent' ? row.message : undefined;
  const { content, files } = row.state === 'sent' ? row.message : row.item;
  const canChange = isMine && message && open.ticket?.status === 'OPEN' && !editing;
  return (
    <div class={`row ${isMine ? 'mine' : 'theirs'} ${row.state} ${continued ? 'continued' : ''}`}>
      {!isMine && message && !continued && (
        <Avatar name={message.author_name} id={message.author_id} />
      )}
      <div class="said">
        {!isMine && message && !continued && <p class="author">{message.author_name}</p>}
        <div class="bubble-line">
          {canChange && (
            <span class="bubble-actions">
              <IconButton icon="edit" label="Edit" onClick={() => setEditing(true)} />
              <IconButton
                icon="trash"
                label="Delete"
                onClick={() => void open.remove(message.id).catch(onProblem)}
              />
            </span>
          )}
          {editing && message ? (
            <EditForm
              text={content}
              onCancel={() => setEditing(false)}
              onSave={(text) => {
                setEditing(false);
                open.edit(message.id, text).catch(onProblem);
              }}
            />
          ) : (
            <div class="bubble">
              <Said text={content} isStaff={!isMine} />
              <Files files={files} />
            </div>
          )}
        </div>
        <Foot row={row} open={open} isMine={isMine} isLast={isLast} />
      </div>
    </div>
  );
}

const noNames = () => 'somebody';

/** Staff write in Discord and use its markup; what a customer writes means what it says. */
function Said({ text, isStaff }: { text: string; isStaff: boolean }) {
  return isStaff ? <Markdown text={text} names={noNames} /> : <p>{text}</p>;
}

function Files({ files }: { files: readonly FileView[] }) {
  return (
    <>
      {files.map(({ id, name, type, size, url }) => (
        <a key={id} class="file" href={url} target="_blank" rel="noreferrer noopener">
          {type.startsWith('image/') ? (
            <img src={url} alt={name} />
          ) : (
            <>
              <Icon name="file" /> {name} <small>{fileSize(size)}</small>
            </>
          )}
        </a>
      ))}
    </>
  );
}

interface FootProps {
  row: ShownMessage;
  open: OpenTicket;
  isMine: boolean;
  isLast: boolean;
}

/** When it was said, and how far it has come. */
function Foot({ row, open, isMine, isLast }: FootProps) {
  if (row.state === 'failed') {
    const { client_id, reason } = row.item;
    return (
      <p class="foot failed">
        <Icon name="alert" /> Not sent{reason ? `: ${reason.message}` : ''}
        <button type="button" class="link" onClick={() => open.retry(client_id)}>
          Try again
        </button>
        <button type="button" class="link" onClick={() => open.discard(client_id)}>
          Discard
        </button>
      </p>
    );
  }
  if ('item' in row) {
    const isWaiting = row.item.failures > 0;
    return (
      <p class="foot">
        <Icon name="clock" /> {isWaiting ? 'Waiting to be sent…' : 'Sending…'}
      </p>
    );
  }
  const { created_at, edited } = row.message;
  return (
    <p class="foot">
      {edited && 'edited · '}
      <time dateTime={new Date(created_at).toISOString()} title={fullTime(created_at)}>
        {shortTime(created_at)}
      </time>
      {isMine && isLast && (
        <span class="state">
          <Icon name="check" /> Sent
        </span>
      )}
    </p>
  );
}

function EditForm(props: { text: string; onSave: (text: string) => void; onCancel: () => void }) {
  const [text, setText] = useState(props.text);
  const save = () => {
    if (text.trim() && text !== props.text) props.onSave(text);
    else props.onCancel();
  };
  return (
    <form
      class="bubble edit"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <textarea
        aria-label="Edit your message"
        value={text}
        rows={2}
        maxLength={4000}
        ref={(element) => {
          if (element && document.activeElement !== element) element.focus();
        }}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') props.onCancel();
          if (event.key !== 'Enter' || event.shiftKey) return;
          event.preventDefault();
          save();
        }}
      />
      <span class="edit-actions">
        <button type="button" class="link" onClick={props.onCancel}>
          Cancel
        </button>
        <button type="submit" class="link">
          Save
        </button>
      </span>
    </form>
  );
}
