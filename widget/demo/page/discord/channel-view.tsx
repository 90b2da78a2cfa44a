import { useRef, useState } from 'preact/hooks';
import { useStickToEnd } from '../scroll.ts';
import { Composer } from './composer.tsx';
import { MessageRow } from './message-row.tsx';
import type { ServerView } from './server-view.ts';
import type { Message } from './shapes.ts';

const GROUP_MS = 5 * 60_000;

/** Whether a message stands under the name of the one before it. */
function isContinued(message: Message, before: Message | undefined): boolean {
  if (!before || before.author.id !== message.author.id) return false;
  // A webhook speaks under many names.
  if (before.author.username !== message.author.username) return false;
  if (message.type !== 0 || before.type !== 0) return false;
  return Date.parse(message.timestamp) - Date.parse(before.timestamp) < GROUP_MS;
}

/** The channel that is open: its messages, who is typing, and where to write. */
export function ChannelView({ view }: { view: ServerView }) {
  const list = useRef<HTMLDivElement>(null);
  const channel = view.channel(view.selected);
  const messages = view.messages;
  const [answered, setAnswered] = useState<Message>();
  useStickToEnd(list, view.selected ?? '');
  if (!channel) {
    return (
      <div class="discord-main discord-nothing">
        <p>
          {view.connected
            ? 'Tickets show up here as channels, each in the category of its level.'
            : 'Connecting to Discord…'}
        </p>
      </div>
    );
  }
  return (
    <div class="discord-main">
      <header class="discord-header">
        <h2>
          <span class="discord-hash" aria-hidden="true">
            #{' '}
          </span>
          {channel.name}
        </h2>
        {channel.topic && <p>{channel.topic}</p>}
        {!view.connected && <p role="status">reconnecting…</p>}
      </header>
      <div
        class="discord-messages"
        ref={list}
        role="log"
        aria-label={`Messages in ${channel.name}`}
      >
        {!messages && <p class="discord-empty">loading…</p>}
        {messages?.map((message, index) => (
          <MessageRow
            key={message.id}
            view={view}
            message={message}
            onReply={setAnswered}
            continued={isContinued(message, messages[index - 1])}
          />
        ))}
      </div>
      <Composer
        key={channel.id}
        view={view}
        channel={channel}
        answered={answered?.channel_id === channel.id ? answered : undefined}
        onAnswered={() => setAnswered(undefined)}
      />
      <p class="discord-typing" aria-live="polite">
        {view.typing.length > 0 && `${view.typing.join(', ')} is typing…`}
      </p>
    </div>
  );
}
