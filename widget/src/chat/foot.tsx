import type { OutboxItem } from '../../../client/outbox-item.ts';
import type { Desk } from './desk.ts';
import { Icon } from './icons.tsx';
import { useNow } from './listeners.ts';
import { reasonText } from './reasons.ts';
import type { Session } from './session.ts';

/** What is on its way, message or conversation. */
type Waiting = Pick<OutboxItem, 'reason' | 'retry_at' | 'failures'>;

/** How far something has come that the server does not have; with seconds where it has said so. */
export function useProgress(desk: Desk, session: Session, item: Waiting | undefined): string {
  const { say } = desk.words;
  const isLimited = item?.reason?.code === 'RATELIMIT' && item.retry_at !== undefined;
  const now = useNow(isLimited);
  const seconds = Math.max(1, Math.ceil(((item?.retry_at ?? now) - now) / 1000));
  if (isLimited) return say('retryIn', { seconds });
  const isOnline = session.client.connection.state === 'online';
  return say(isOnline && item?.failures === 0 ? 'sending' : 'waiting');
}

interface ArrivedProps {
  desk: Desk;
  at: number;
  edited?: boolean;
  /** How far it has come; nothing where that is not said. */
  reach: Reach | false | undefined;
}

export type Reach = 'sent' | 'delivered' | 'seen';

/** When something was said, and how far it has come. */
export function Arrived({ desk, at, edited, reach }: ArrivedProps) {
  const { words } = desk;
  return (
    <p class="foot">
      {edited && <span>{words.say('edited')} ·</span>}
      <time dateTime={new Date(at).toISOString()} title={words.full(at)}>
        {words.time(at)}
      </time>
      {reach && (
        <span class={`state ${reach}`}>
          <Icon name={reach === 'sent' ? 'check' : 'checks'} />
          {words.say(reach)}
        </span>
      )}
    </p>
  );
}

interface FailedProps {
  desk: Desk;
  reason: OutboxItem['reason'];
  text: string;
  /** What is done about it: the words for that, and how. */
  retry: string;
  onRetry(): void;
  onDiscard(): void;
}

/** Why something was refused, and what can be done about it. */
export function Failed({ desk, reason, text, retry, onRetry, onDiscard }: FailedProps) {
  const { say } = desk.words;
  const choice = (label: string, onClick: () => void) => (
    <button type="button" class="link" onClick={onClick}>
      {label}
    </button>
  );
  return (
    <div class="foot failed">
      <p>
        <Icon name="alert" /> {say('notSent')} {reasonText(desk.words, reason)}
      </p>
      <p class="choices">
        {choice(retry, onRetry)}
        {text && choice(say('copy'), () => desk.copy(text))}
        {choice(say('discard'), onDiscard)}
      </p>
    </div>
  );
}
