import { USED_KEY } from '../shared/options.ts';
import { PREFIX, shared } from './keeper.ts';

/** After so long aside, somebody else may be signed in. */
const LONG_AWAY_MS = 60_000;

export interface PageEvents {
  /** The page is back, or the network is: something may have been missed. */
  onReturn(): void;
  /** The page was aside for long. */
  onLongAway(): void;
  /** The page is left, and may come back as it was. */
  onLeave(): void;
  /** It can be seen again. */
  onVisible(): void;
  /** Another tab has logged out. */
  onForgotten(): void;
  /** Another tab has stored something of ours. */
  onStored(key: string): void;
}

/** Tells what happens to the page around the chat. @returns a function that ends it */
export function watchPage(events: PageEvents): () => void {
  const ends = new AbortController();
  const options = { signal: ends.signal };
  let hiddenSince: number | undefined;
  const onVisibility = () => {
    if (document.visibilityState === 'hidden') {
      hiddenSince ??= Date.now();
      return;
    }
    const away = Date.now() - (hiddenSince ?? Date.now());
    hiddenSince = undefined;
    if (away > LONG_AWAY_MS) events.onLongAway();
    events.onReturn();
    events.onVisible();
  };
  const onStorage = ({ key }: StorageEvent) => {
    if (key === null || (key === USED_KEY && shared.getItem(key) === null)) events.onForgotten();
    else if (key.startsWith(PREFIX)) events.onStored(key);
  };
  for (const name of ['online', 'focus']) window.addEventListener(name, events.onReturn, options);
  window.addEventListener('pageshow', ({ persisted }) => persisted && events.onReturn(), options);
  window.addEventListener('pagehide', events.onLeave, options);
  document.addEventListener('visibilitychange', onVisibility, options);
  window.addEventListener('storage', onStorage, options);
  return () => ends.abort();
}
