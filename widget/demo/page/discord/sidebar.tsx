import type { StaffMember } from '../places.ts';
import type { ServerView } from './server-view.ts';
import { type Channel, ChannelType } from './shapes.ts';

interface SidebarProps {
  view: ServerView;
  staff: StaffMember[];
  onChoose: (id: string) => void;
}

/** Categories and channels, and whose Discord it is. */
export function Sidebar({ view, staff, onChoose }: SidebarProps) {
  return (
    <div class="discord-sidebar">
      <div class="discord-server">Deskcord Support</div>
      <nav class="discord-channels" aria-label="Channels">
        {view.groups.map(({ category, channels }) => (
          <div key={category?.id ?? 'none'}>
            {category && <h3>{category.name}</h3>}
            {category && channels.length === 0 && <p class="discord-empty">no tickets</p>}
            <ul>
              {channels.map((channel) => (
                <li key={channel.id}>
                  <ChannelLink view={view} channel={channel} />
                  <Threads view={view} channel={channel} />
                </li>
              ))}
            </ul>
          </div>
        ))}
      </nav>
      <label class="discord-me">
        <span>Signed in as</span>
        <select value={view.me.id} onChange={(event) => onChoose(event.currentTarget.value)}>
          {staff.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}

function Threads({ view, channel }: { view: ServerView; channel: Channel }) {
  const threads = view.threadsOf(channel.id);
  if (threads.length === 0) return null;
  return (
    <ul class="discord-threads" aria-label={`Threads of ${channel.name}`}>
      {threads.map((thread) => (
        <li key={thread.id}>
          <ChannelLink view={view} channel={thread} />
        </li>
      ))}
    </ul>
  );
}

function ChannelLink({ view, channel }: { view: ServerView; channel: Channel }) {
  // A forum has posts, and nothing of its own to read.
  if (channel.type === ChannelType.forum) return <p class="discord-empty">{channel.name}</p>;
  const isHere = view.selected === channel.id;
  const isUnread = view.unread.has(channel.id);
  return (
    <button
      type="button"
      class={isUnread ? 'discord-channel unread' : 'discord-channel'}
      aria-current={isHere ? 'true' : undefined}
      onClick={() => view.select(channel.id)}
    >
      <span aria-hidden="true">#</span> {channel.name}
      {isUnread && <span class="sr-only"> (unread)</span>}
    </button>
  );
}
