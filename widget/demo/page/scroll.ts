import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

const NEAR_PX = 120;

/** Keeps a list at its end while the reader is there; leaves whoever has scrolled up in peace. */
export function useStickToEnd(list: RefObject<HTMLElement>, place: string, last: string): void {
  const wasAtEnd = useRef(true);
  const shown = useRef(place);
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const note = () => {
      const { scrollHeight, scrollTop, clientHeight } = element;
      wasAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    };
    element.addEventListener('scroll', note, { passive: true });
    return () => element.removeEventListener('scroll', note);
  }, [list, place]);
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    if (shown.current !== place) wasAtEnd.current = true;
    shown.current = place;
    if (wasAtEnd.current) element.scrollTop = element.scrollHeight;
  }, [list, place, last]);
}
