import { useState } from 'preact/hooks';
import { limits } from '../chat/text-rules.ts';
import { type ActionProps, act, focusSoon } from './ticket-actions.ts';

/** As long as the server takes changes of a rating. */
const CHANGEABLE_MS = 7 * 24 * 3_600_000;
const scores = [1, 2, 3, 4, 5];

function Star() {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1.1 5.9-5.3-2.9-5.3 2.9 1.1-5.9-4.3-4.1 5.9-.8z" />
    </svg>
  );
}

/** Opens an ended conversation again, for as long as that is possible. */
export function Reopen(props: ActionProps) {
  const { desk, session, conversation } = props;
  const { reopen_until: until } = conversation.ticket ?? {};
  if (!until || session.serverTime(Date.now()) > until) return null;
  const said = { done: 'reopened', conflict: 'errReopen' } as const;
  const reopen = () => act(props, (tickets) => tickets.reopen(conversation.id, {}), said);
  return (
    <button
      type="button"
      class="plain"
      onClick={async () => {
        if (await reopen()) focusSoon(desk, '.composer textarea');
      }}
    >
      {desk.words.say('reopen')}
    </button>
  );
}

/** Asks how the help was, where there was any; thanks, and lets it be changed. */
export function Rating(props: ActionProps) {
  const { desk, session, conversation } = props;
  const { say } = desk.words;
  const { ticket } = conversation;
  const [isChanging, setChanging] = useState(false);
  if (ticket?.status !== 'CLOSED') return null;
  const { rating, first_response_at } = ticket;
  if (!rating && first_response_at === null) return null;
  if (!rating || isChanging) return <RatingForm {...props} onDone={() => setChanging(false)} />;
  const isChangeable = session.serverTime(Date.now()) < rating.at + CHANGEABLE_MS;
  return (
    <div class="rated" tabIndex={-1}>
      <p>{say('rateThanks')}</p>
      <p class="stars" role="img" aria-label={say('rateScore', { score: rating.score })}>
        {scores.map((score) => (
          <span key={score} class={score <= rating.score ? 'star on' : 'star'}>
            <Star />
          </span>
        ))}
      </p>
      {isChangeable && (
        <button
          type="button"
          class="link"
          onClick={() => {
            setChanging(true);
            focusSoon(desk, '.rating input:checked');
          }}
        >
          {say('rateChange')}
        </button>
      )}
    </div>
  );
}

/** Kept until it is sent, as everything is that somebody writes. */
interface RatingDraft {
  score: number;
  comment: string;
}

const draftName = ({ conversation }: ActionProps) => `rating/${conversation.id}`;

function RatingForm({ onDone, ...props }: ActionProps & { onDone: () => void }) {
  const { desk, session, conversation } = props;
  const { say } = desk.words;
  const { rating } = conversation.ticket ?? {};
  const [{ score, comment }, setDraft] = useState<RatingDraft>(
    () =>
      session.kept.get(draftName(props)) ?? {
        score: rating?.score ?? 0,
        comment: rating?.comment ?? '',
      },
  );
  const change = (part: Partial<RatingDraft>) => {
    const draft = { score, comment, ...part };
    session.kept.set(draftName(props), draft);
    setDraft(draft);
  };
  const send = async () => {
    const body = { score, comment: comment.trim() || null };
    const said = { done: 'rateThanks', conflict: 'errRate' } as const;
    if (!(await act(props, (tickets) => tickets.rate(conversation.id, body), said))) return;
    session.kept.set(draftName(props), undefined);
    onDone();
    focusSoon(desk, '.rated');
  };
  return (
    <form
      class="rating"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <fieldset>
        <legend>{say('rateAsk')}</legend>
        <div class="stars">
          {scores.map((value) => (
            <label key={value} class={value <= score ? 'star on' : 'star'}>
              <input
                type="radio"
                name="dc-score"
                class="sr-only"
                checked={value === score}
                onChange={() => change({ score: value })}
              />
              <span class="sr-only">{say('rateScore', { score: value })}</span>
              <Star />
            </label>
          ))}
        </div>
      </fieldset>
      {score > 0 && (
        <>
          <textarea
            rows={2}
            dir="auto"
            maxLength={limits.comment}
            aria-label={say('rateComment')}
            placeholder={say('rateComment')}
            value={comment}
            onInput={({ currentTarget }) => change({ comment: currentTarget.value })}
          />
          <button type="submit" class="plain">
            {say('rateSend')}
          </button>
        </>
      )}
    </form>
  );
}
