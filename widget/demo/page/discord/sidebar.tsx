import type { StaffMember } from '../places.ts';
import type { ServerView } from './server-view.ts';
import type { Channel } from './shapes.ts';

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

function ChannelLink({ view, channel }: { view: ServerView; channel: Channel }) {
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
