import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

const NEAR_PX = 120;

/** Keeps a list at its end while the reader is there; leaves whoever has scrolled up in peace. */
export function useStickToEnd(list: RefObject<HTMLElement>, place: string): void {
  const isAtEnd = useRef(true);
  const shown = useRef(place);
  const stick = () => {
    const element = list.current;
    if (element && isAtEnd.current) element.scrollTop = element.scrollHeight;
  };
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const note = () => {
      const { scrollHeight, scrollTop, clientHeight } = element;
      isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    };
    element.addEventListener('scroll', note, { passive: true });
    // Pictures grow when they have come; their `load` does not bubble.
    element.addEventListener('load', stick, { capture: true });
    return () => {
      element.removeEventListener('scroll', note);
      element.removeEventListener('load', stick, { capture: true });
    };
  }, [list, place]);
  useLayoutEffect(() => {
    if (shown.current !== place) isAtEnd.current = true;
    shown.current = place;
    stick();
  });
}
