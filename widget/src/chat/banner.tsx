import { useEffect, useState } from 'preact/hooks';
import type { Desk } from './desk.ts';

const PATIENCE_MS = 2000;

/** Says that the connection is gone, once it has been for a moment. */
export function Banner({ desk }: { desk: Desk }) {
  const { say } = desk.words;
  const { session } = desk;
  const isAway = session !== undefined && session.client.connection.state !== 'online';
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (!isAway) return setLate(false);
    const timer = setTimeout(() => setLate(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isAway]);
  return (
    <div class="banner-place" role="status">
      {isAway && isLate && (
        <p class="banner">
          <span>{say('offline')}</span>
          <button type="button" class="link" onClick={() => session.client.connect()}>
            {say('tryNow')}
          </button>
        </p>
      )}
    </div>
  );
}
