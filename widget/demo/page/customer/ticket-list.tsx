import { Icon } from '../icons.tsx';
import { shortTime } from '../time.ts';
import type { DeskSession } from './desk-session.ts';

/** All conversations of the customer, newest first. */
export function TicketList({ session }: { session: DeskSession }) {
  const { tickets, unread } = session;
  return (
    <div class="chat-body tickets">
      {tickets === undefined && <p class="hint">Loading your conversations…</p>}
      {tickets?.length === 0 && (
        <div class="welcome">
          <span class="welcome-mark" aria-hidden="true">
            👋
          </span>
          <p>Hello! Ask us about an order, a plant, or anything else.</p>
          <p class="hint">Whatever you write here shows up in Discord on the other side.</p>
        </div>
      )}
      <ul>
        {tickets?.map(({ id, number, topic, status, updated_at }) => (
          <li key={id}>
            <button type="button" class="ticket" onClick={() => session.openTicket(id)}>
              <span class="ticket-topic">{topic}</span>
              <span class="ticket-facts">
                <span class={`pill ${status.toLowerCase()}`}>
                  {status === 'OPEN' ? 'Open' : 'Closed'}
                </span>
                #{number} · {shortTime(updated_at)}
              </span>
              {unread.has(id) && (
                <span class="unread-count">
                  {unread.get(id)}
                  <span class="sr-only"> new</span>
                </span>
              )}
            </button>
          </li>
        ))}
      </ul>
      <button type="button" class="primary" onClick={() => session.show('new')}>
        <Icon name="plus" /> Start a conversation
      </button>
    </div>
  );
}
