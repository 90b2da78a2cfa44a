import { useEffect, useState } from 'preact/hooks';
import { Icon, IconButton } from '../icons.tsx';
import { useChanges } from '../listeners.ts';
import type { Places } from '../places.ts';
import { Chat } from './chat.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import { DeskSession } from './desk-session.ts';
import { NewTicket } from './new-ticket.tsx';
import { TicketList } from './ticket-list.tsx';

const customers = ['ana', 'ben'] as const;

/** A shop's page with the chat in it, as the shop's customer sees it. */
export function CustomerPane({ places }: { places: Places }) {
  const [customer, setCustomer] = useState<string>(customers[0]);
  const [session, setSession] = useState<DeskSession>();
  useEffect(() => {
    const next = new DeskSession(places, customer);
    setSession(next);
    return () => next.close();
  }, [places, customer]);
  return (
    <section class="shop" aria-label="The customer's page">
      <header class="shop-header">
        <p class="shop-name">
          <span aria-hidden="true">🌿</span> Fern &amp; Fir
        </p>
        <label>
          <span>Signed in as</span>
          <select value={customer} onChange={(event) => setCustomer(event.currentTarget.value)}>
            {customers.map((name) => (
              <option key={name} value={name}>
                {name.charAt(0).toUpperCase() + name.slice(1)}
              </option>
            ))}
          </select>
        </label>
      </header>
      {session && <ChatPanel key={session.customer} session={session} />}
    </section>
  );
}

function ChatPanel({ session }: { session: DeskSession }) {
  useChanges(session);
  const { screen, open } = session;
  const ticket = open?.ticket;
  return (
    <div class="chat">
      <header class="chat-header">
        {screen !== 'list' && (
          <IconButton icon="back" label="All conversations" onClick={() => session.show('list')} />
        )}
        <div class="chat-title">
          <h2>
            {screen === 'chat' ? (ticket?.topic ?? 'Conversation') : null}
            {screen === 'new' && 'New conversation'}
            {screen === 'list' && 'How can we help?'}
          </h2>
          <p>{screen === 'chat' && ticket ? `Ticket #${ticket.number}` : 'Fern & Fir support'}</p>
        </div>
        {screen === 'chat' && ticket?.status === 'OPEN' && (
          <button type="button" class="quiet" onClick={() => void open?.close().catch(() => {})}>
            End chat
          </button>
        )}
        {screen === 'list' && (
          <span class="chat-badge">
            <Icon name="chat" />
          </span>
        )}
      </header>
      <ConnectionBanner session={session} />
      {screen === 'list' && <TicketList session={session} />}
      {screen === 'new' && <NewTicket session={session} />}
      {screen === 'chat' && open && <Chat key={open.id} session={session} open={open} />}
    </div>
  );
}
