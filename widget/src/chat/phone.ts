import { useEffect, useState } from 'preact/hooks';
import type { Desk } from './desk.ts';

const small = '(width <= 480px), (height <= 480px)';
const STATE = 'deskcord';

/**
 * On a small screen the chat fills it: the page behind does not scroll, the keyboard does not hide the
 * composer, and Back closes the chat instead of leaving the page.
 */
export function useSmallScreen(desk: Desk): boolean {
  const [isSmall, setSmall] = useState(() => matchMedia(small).matches);
  useEffect(() => {
    const query = matchMedia(small);
    const listen = () => setSmall(query.matches);
    query.addEventListener('change', listen);
    return () => query.removeEventListener('change', listen);
  }, []);
  const fills = isSmall && desk.isOpen && desk.options.mode !== 'page';
  useEffect(() => {
    if (!fills) return;
    return lockPage();
  }, [fills]);
  useEffect(() => (desk.isOpen ? followKeyboard(desk.environment.host) : undefined), [desk.isOpen]);
  useEffect(() => {
    if (!fills) return;
    return closeOnBack(() => desk.close());
  }, [fills]);
  return isSmall;
}

function lockPage(): () => void {
  const { style } = document.documentElement;
  const before = style.overflow;
  style.overflow = 'hidden';
  return () => {
    style.overflow = before;
  };
}

/** The part of the window that a keyboard leaves. */
function followKeyboard(host: HTMLElement): () => void {
  const view = window.visualViewport;
  if (!view) return () => {};
  const follow = () => {
    const isZoomed = view.scale > 1.05;
    host.style.setProperty('--view-height', isZoomed ? '100dvh' : `${view.height}px`);
    host.style.setProperty('--view-top', isZoomed ? '0px' : `${view.offsetTop}px`);
  };
  follow();
  const end = new AbortController();
  view.addEventListener('resize', follow, { signal: end.signal });
  view.addEventListener('scroll', follow, { signal: end.signal });
  return () => end.abort();
}

function closeOnBack(close: () => void): () => void {
  const { state } = history;
  let isGone = false;
  history.pushState({ ...(typeof state === 'object' ? state : {}), [STATE]: true }, '');
  const onBack = () => {
    isGone = true;
    close();
  };
  window.addEventListener('popstate', onBack);
  return () => {
    window.removeEventListener('popstate', onBack);
    // The entry is still on top: the next Back shall leave the page, not close what is closed.
    if (!isGone && history.state?.[STATE]) history.back();
  };
}
