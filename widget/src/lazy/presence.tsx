import type { Desk } from '../chat/desk.ts';
import { Icon } from '../chat/icons.tsx';
import type { Session } from '../chat/session.ts';
import { useAvailability } from './availability.ts';
import { holidaysText, replyText, statusOf, weekOf } from './working-hours.ts';

interface PresenceProps {
  desk: Desk;
  session: Session;
}

/** Whether somebody is there, in one line; while that is not known, something else. */
export function Status({ desk, session, otherwise }: PresenceProps & { otherwise: string }) {
  const view = useAvailability(session.client);
  if (!view) return <bdi>{otherwise}</bdi>;
  const { isHere, text } = statusOf(view, desk.words, Date.now());
  return (
    <bdi class={isHere ? 'status here' : 'status'}>
      <i aria-hidden="true" />
      {text}
    </bdi>
  );
}

/** How long an answer usually takes. */
export function ReplyTime({ desk, session }: PresenceProps) {
  const view = useAvailability(session.client);
  const text = view && replyText(view, desk.words);
  if (!text) return null;
  return <p class="reply-time">{text}</p>;
}

/** When the desk works. */
export function Hours({ desk, session }: PresenceProps) {
  const view = useAvailability(session.client);
  const { words } = desk;
  const now = Date.now();
  const week = view && weekOf(view, words, now);
  const holidays = view && holidaysText(view, words, now);
  if (!view || (!week && !holidays)) return null;
  const isElsewhere = view.timezone !== Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div class="hours">
      {week && (
        <details>
          <summary>
            <Icon name="clock" /> {words.say('hours')}
            <Icon name="chevron" flip />
          </summary>
          <dl>
            {week.map(({ day, text, isToday }) => (
              <div key={day} class={isToday ? 'today' : ''}>
                <dt>{day}</dt>
                <dd>
                  <bdi>{text}</bdi>
                </dd>
              </div>
            ))}
          </dl>
          {isElsewhere && (
            <p>
              <bdi>{view.timezone.replaceAll('_', ' ')}</bdi>
            </p>
          )}
        </details>
      )}
      {holidays && <p class="holidays">{holidays}</p>}
    </div>
  );
}
