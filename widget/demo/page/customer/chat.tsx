import { useEffect, useRef, useState } from 'preact/hooks';
import type { OpenTicket } from '../../../../client/open-ticket.ts';
import type { TicketView } from '../../../../src/contract/tickets.ts';
import { useStickToEnd } from '../scroll.ts';
import { fullTime, shortTime } from '../time.ts';
import { Bubble } from './bubble.tsx';
import { ChatComposer } from './chat-composer.tsx';
import type { DeskSession } from './desk-session.ts';

/** One conversation. */
export function Chat({ session, open }: { session: DeskSession; open: OpenTicket }) {
  const list = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState('');
  const { messages, ticket } = open;
  const last = messages.at(-1);
  useStickToEnd(list, open.id);
  useEffect(() => {
    if (last) open.read();
  }, [open, last?.key]);
  const fail = (error: Error) => setProblem(error.message);
  return (
    <>
      <div class="chat-body log" ref={list} role="log" aria-label="Messages" aria-live="polite">
        {!open.loaded && !open.refusal && <p class="hint">Loading…</p>}
        {open.refusal && <p class="problem">{open.refusal.message}</p>}
        {open.hasOlder && (
          <button type="button" class="quiet" onClick={() => void open.loadOlder().catch(fail)}>
            Show earlier messages
          </button>
        )}
        {ticket && !open.hasOlder && <Opening ticket={ticket} />}
        {messages.map((row, index) => (
          <Bubble
            key={row.key}
            session={session}
            open={open}
            row={row}
            before={messages[index - 1]}
            isLast={index === messages.length - 1}
            onProblem={fail}
          />
        ))}
        {ticket?.status === 'CLOSED' && <ClosedLine ticket={ticket} />}
        <p class="typing">{session.typing && `${session.typing} is typing…`}</p>
      </div>
      {problem && (
        <p class="problem" role="alert">
          {problem}{' '}
          <button type="button" class="link" onClick={() => setProblem('')}>
            OK
          </button>
        </p>
      )}
      {ticket?.status === 'CLOSED' ? (
        <div class="composer-closed">
          <button type="button" class="primary" onClick={() => session.show('new')}>
            Start a new conversation
          </button>
        </div>
      ) : (
        <ChatComposer open={open} onProblem={fail} />
      )}
    </>
  );
}

/** What the ticket was opened with, as the first thing said. */
function Opening({ ticket }: { ticket: TicketView }) {
  return (
    <>
      <p class="day">
        <time dateTime={new Date(ticket.created_at).toISOString()}>
          {fullTime(ticket.created_at)}
        </time>
      </p>
      <div class="row mine">
        <div class="bubble">
          <strong>{ticket.topic}</strong>
          <p>{ticket.description}</p>
        </div>
      </div>
    </>
  );
}

function ClosedLine({ ticket }: { ticket: TicketView }) {
  const at = ticket.closed_at ?? ticket.updated_at;
  return (
    <p class="closed-line">
      This conversation was closed at {shortTime(at)}
      {ticket.close_reason ? `: ${ticket.close_reason}` : '.'}
    </p>
  );
}
