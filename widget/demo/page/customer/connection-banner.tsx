import { useEffect, useState } from 'preact/hooks';
import type { DeskSession } from './desk-session.ts';

const PATIENCE_MS = 1200;

/** Says that the connection is gone, once it has been for a moment. */
export function ConnectionBanner({ session }: { session: DeskSession }) {
  const { state, retryAt } = session.client.connection;
  const isOnline = state === 'online';
  const [shown, setShown] = useState(false);
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (isOnline) return setShown(false);
    const start = setTimeout(() => setShown(true), PATIENCE_MS);
    const tick = setInterval(() => setNow(Date.now()), 1000);
    return () => {
      clearTimeout(start);
      clearInterval(tick);
    };
  }, [isOnline]);
  if (!shown) return <div role="status" />;
  const seconds = Math.max(0, Math.ceil(((retryAt ?? now) - now) / 1000));
  return (
    <div class="banner" role="status">
      <span>
        {session.mustSignIn
          ? 'Your session has ended. Please sign in again.'
          : 'Reconnecting… what you write is kept and sent when the line is back.'}
        {seconds > 1 && <span aria-hidden="true"> {seconds} s</span>}
      </span>
      <button type="button" class="quiet" onClick={() => session.client.connect()}>
        Try now
      </button>
    </div>
  );
}
