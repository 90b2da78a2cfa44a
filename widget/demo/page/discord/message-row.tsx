import { useState } from 'preact/hooks';
import { Avatar } from '../avatar.tsx';
import { Icon, IconButton } from '../icons.tsx';
import { FirstLine, Markdown } from '../markdown.tsx';
import { fullTime, shortTime } from '../time.ts';
import { Components } from './components.tsx';
import { Attachments, EmbedCard } from './extras.tsx';
import type { ServerView } from './server-view.ts';
import { EPHEMERAL, LOADING, type Message, nameOf } from './shapes.ts';

const quickEmoji = ['👍', '❤️', '🎉'];

interface RowProps {
  view: ServerView;
  message: Message;
  continued: boolean;
  onReply: (message: Message) => void;
}

/** One message with everything that hangs on it. */
export function MessageRow({ view, message, continued, onReply }: RowProps) {
  const [editing, setEditing] = useState(false);
  const { author, type, flags } = message;
  const name = nameOf(message);
  if (type === 6) return <p class="discord-system">{name} pinned a message to this channel.</p>;
  if (type === 18) return <p class="discord-system">{name} started a thread.</p>;
  const at = Date.parse(message.timestamp);
  const isMine = author.id === view.me.id;
  const classes = ['discord-message'];
  if (continued) classes.push('continued');
  if (flags & EPHEMERAL) classes.push('ephemeral');
  return (
    <article class={classes.join(' ')}>
      {!continued && (
        <Avatar name={name} id={author.id} bot={author.bot === true && !message.webhook_id} />
      )}
      <div class="discord-body">
        <Answered view={view} message={message} />
        {!continued && (
          <p class="discord-author">
            <strong>{name}</strong>
            {author.bot && <span class="discord-app">APP</span>}
            <time dateTime={message.timestamp} title={fullTime(at)}>
              {shortTime(at)}
            </time>
          </p>
        )}
        {editing ? (
          <EditForm view={view} message={message} onDone={() => setEditing(false)} />
        ) : (
          <Content view={view} message={message} />
        )}
        <Attachments files={message.attachments} />
        {message.embeds.map((embed, index) => (
          <EmbedCard key={index} embed={embed} names={(id) => view.nameOf(id)} />
        ))}
        <Components view={view} message={message} />
        <Reactions view={view} message={message} />
        {(flags & EPHEMERAL) !== 0 && (
          <p class="discord-note">
            Only you can see this ·{' '}
            <button type="button" class="link" onClick={() => view.dismiss(message)}>
              Dismiss message
            </button>
          </p>
        )}
      </div>
      {!editing && (flags & EPHEMERAL) === 0 && (
        <div class="discord-actions">
          {quickEmoji.map((emoji) => (
            <button
              key={emoji}
              type="button"
              aria-label={`React with ${emoji}`}
              onClick={() => void view.api.react(message, emoji, true).catch(() => undefined)}
            >
              {emoji}
            </button>
          ))}
          <IconButton icon="reply" label="Reply" onClick={() => onReply(message)} />
          {isMine && (
            <>
              <IconButton icon="edit" label="Edit message" onClick={() => setEditing(true)} />
              <IconButton
                icon="trash"
                label="Delete message"
                onClick={() => void view.api.remove(message).catch(() => undefined)}
              />
            </>
          )}
        </div>
      )}
    </article>
  );
}

/** What a reply answers, above it. */
function Answered({ view, message }: { view: ServerView; message: Message }) {
  const { referenced_message: answered } = message;
  if (answered === undefined) return null;
  return (
    <p class="discord-answered">
      <Icon name="reply" />
      {answered === null ? (
        'Original message was deleted'
      ) : (
        <>
          <strong>{nameOf(answered)}</strong>
          <FirstLine text={answered.content} names={(id) => view.nameOf(id)} />
        </>
      )}
    </p>
  );
}

function Content({ view, message }: { view: ServerView; message: Message }) {
  if (message.flags & LOADING) return <p class="discord-note">Deskcord is thinking…</p>;
  if (!message.content) return null;
  return (
    <div class="discord-content">
      <Markdown text={message.content} names={(id) => view.nameOf(id)} />
      {message.edited_timestamp && <span class="discord-edited"> (edited)</span>}
    </div>
  );
}

function EditForm(props: { view: ServerView; message: Message; onDone: () => void }) {
  const { view, message, onDone } = props;
  const [text, setText] = useState(message.content);
  const save = async () => {
    if (text.trim() && text !== message.content) await view.api.edit(message, text).catch(() => {});
    onDone();
  };
  return (
    <form
      class="discord-edit"
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <textarea
        aria-label="Edit message"
        value={text}
        rows={2}
        ref={(element) => element?.focus()}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onDone();
          if (event.key !== 'Enter' || event.shiftKey) return;
          event.preventDefault();
          void save();
        }}
      />
      <p class="discord-note">
        escape to{' '}
        <button type="button" class="link" onClick={onDone}>
          cancel
        </button>{' '}
        · enter to{' '}
        <button type="submit" class="link">
          save
        </button>
      </p>
    </form>
  );
}

function Reactions({ view, message }: { view: ServerView; message: Message }) {
  if (!message.reactions?.length) return null;
  return (
    <div class="discord-reactions">
      {message.reactions.map(({ emoji, count, me }) => (
        <button
          key={emoji.name}
          type="button"
          aria-pressed={me}
          aria-label={`${emoji.name}, ${count}`}
          onClick={() => void view.api.react(message, emoji.name, !me).catch(() => undefined)}
        >
          {emoji.name} {count}
        </button>
      ))}
    </div>
  );
}
