import { useEffect } from 'preact/hooks';
import type { TicketView } from '../../../src/contract/tickets.ts';
import { useNow } from '../chat/listeners.ts';
import { startOfDay } from '../chat/words.ts';
import { type ActionProps, act, focusSoon } from './ticket-actions.ts';

/** From here on the seconds are counted. */
const COUNTED_S = 60;

/** What is to be decided about the conversation that is shown, above where one writes. */
export function Strip(props: ActionProps) {
  const { conversation } = props;
  const { ticket, closingDueAt } = conversation;
  if (!ticket || conversation.isClosed) return null;
  if (closingDueAt !== null) return <Closing {...props} due={closingDueAt} />;
  const asked = ticket.close_request;
  return asked ? <CloseRequest {...props} asked={asked} /> : null;
}

/** The conversation will end, and how that is undone. */
function Closing({ due, ...props }: ActionProps & { due: number }) {
  const { desk, session, conversation } = props;
  const { words } = desk;
  const now = session.serverTime(useNow(true));
  // The clock may be learnt a moment after the time was taken: a part of a second is nothing to count from.
  const seconds = Math.round((due - now) / 1000);
  const isCounted = seconds <= COUNTED_S;
  const isToday = startOfDay(due) === startOfDay(now);
  const text =
    seconds <= 0
      ? words.say('endingNow')
      : isCounted
        ? words.say('endingIn', { seconds })
        : words.say('endsAt', { time: isToday ? words.time(due) : words.full(due) });
  // The seconds are not read aloud, one after the other.
  useEffect(() => desk.announce(text), [due]);
  const undo = async () => {
    const said = { done: 'staysOpen', conflict: 'errClosed' } as const;
    const isDone = await act(props, (tickets) => tickets.keepOpen(conversation.id), said);
    if (isDone) focusSoon(desk, '.composer textarea');
  };
  return (
    <div class="strip">
      <p>{text}</p>
      <button type="button" class="plain" onClick={() => void undo()}>
        {words.say(isCounted ? 'undo' : 'keepOpen')}
      </button>
    </div>
  );
}

/** Staff ask whether the conversation may be ended. */
function CloseRequest({
  asked,
  ...props
}: ActionProps & { asked: NonNullable<TicketView['close_request']> }) {
  const { desk, conversation } = props;
  const { say } = desk.words;
  // Isolated: a name may run the other way than the sentence.
  const text = say('solvedAsk', { name: `\u2068${asked.by_name}\u2069` });
  useEffect(() => desk.announce(text), [asked.at]);
  const answer = async (close: boolean) => {
    const isDone = await act(
      props,
      (tickets) => tickets.answerCloseRequest(conversation.id, { close }),
      close ? { conflict: 'errClosed' } : { done: 'staysOpen', conflict: 'errClosed' },
    );
    if (isDone) focusSoon(desk, close ? '.ended input, .ended button' : '.composer textarea');
  };
  return (
    <div class="strip asks">
      <p>{text}</p>
      <div class="strip-answers">
        <button type="button" class="plain" onClick={() => void answer(true)}>
          {say('solvedYes')}
        </button>
        <button type="button" class="plain" onClick={() => void answer(false)}>
          {say('solvedNo')}
        </button>
      </div>
    </div>
  );
}
