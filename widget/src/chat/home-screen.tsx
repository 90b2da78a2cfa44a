import { isEnded } from '../../../client/ended.ts';
import { pendingId } from '../../../client/new-tickets.ts';
import type { TicketView } from '../../../src/contract/tickets.ts';
import { BLANK } from './conversation.ts';
import type { Desk } from './desk.ts';
import { Icon } from './icons.tsx';
import { plainText } from './markup.tsx';
import { GoneNotice } from './notices.tsx';
import type { Session } from './session.ts';
import { soon } from './soon.ts';

/** All conversations of the person, the ones with news first. */
export function HomeScreen({ desk, session }: { desk: Desk; session: Session }) {
  const { say } = desk.words;
  const { tickets } = session;
  const { service } = desk.layers;
  const waiting = session.client.newTickets;
  const sorted = [...(tickets ?? [])].sort((a, b) => b.updated_at - a.updated_at);
  return (
    <div class="screen home">
      <div class="home-body">
        {waiting.length > 0 || sorted.length > 0 ? (
          <h3 class="list-title">{say('yourChats')}</h3>
        ) : null}
        {tickets === undefined && waiting.length === 0 && (
          <p class="hint" role="status">
            {say('loading')}
          </p>
        )}
        <ul class="tickets">
          {waiting.toReversed().map((item) => (
            <li key={item.client_id}>
              <button
                type="button"
                class="ticket"
                onClick={() => session.show(pendingId(item.client_id))}
              >
                <span class="ticket-text">
                  <span class="ticket-topic" dir="auto">
                    {item.topic}
                  </span>
                  <span class="ticket-last">
                    {say(item.state === 'failed' ? 'notSent' : 'waiting')}
                  </span>
                </span>
                <Icon name="chevron" flip />
              </button>
            </li>
          ))}
          {sorted.map((ticket) => (
            <li key={ticket.id}>
              <Ticket desk={desk} session={session} ticket={ticket} />
            </li>
          ))}
        </ul>
        {service && <service.Hours desk={desk} session={session} />}
      </div>
      <GoneNotice desk={desk} session={session} />
      <div class="home-foot">
        <button type="button" class="primary" onClick={() => session.show(BLANK)}>
          <Icon name="plus" /> {say('newChat')}
        </button>
      </div>
    </div>
  );
}

function Ticket({ desk, session, ticket }: { desk: Desk; session: Session; ticket: TicketView }) {
  const { words } = desk;
  const { say } = words;
  const { unread, last } = session.states.get(ticket.id);
  const text = plainText(last?.text ?? ticket.description);
  const isOwn = last?.isMine ?? true;
  const isClosed = isEnded(ticket);
  return (
    <button
      type="button"
      class={unread.length > 0 ? 'ticket has-news' : 'ticket'}
      // The frame that takes the click has enough to do.
      onClick={() => soon(() => session.show(ticket.id))}
    >
      <span class="ticket-text">
        <span class="ticket-top">
          <span class="ticket-topic" dir="auto">
            {ticket.topic}
          </span>
          <time dateTime={new Date(ticket.updated_at).toISOString()}>
            {words.when(ticket.updated_at)}
          </time>
        </span>
        <span class="ticket-bottom">
          {isClosed && <span class="pill">{say('endedShort')}</span>}
          {isOwn && <span class="you">{say('you')}: </span>}
          <span class="ticket-last" dir="auto">
            {text}
          </span>
          {unread.length > 0 && (
            <span class="count-pill">
              <span aria-hidden="true">{unread.length > 99 ? '99+' : unread.length}</span>
              <span class="sr-only">{say('unread', { count: unread.length })}</span>
            </span>
          )}
        </span>
      </span>
    </button>
  );
}
