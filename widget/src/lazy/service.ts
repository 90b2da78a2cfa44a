import css from './service.css';

export { Rating, Reopen } from './after-end.tsx';
export { Hours, ReplyTime, Status } from './presence.tsx';
export { Quote, ReplyBar } from './quote.tsx';
export { Reactions } from './reactions.tsx';
export { Strip } from './strip.tsx';

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);

/** Its style comes with it, once for each shadow root. */
export function adoptStyle(root: ShadowRoot): void {
  if (root.adoptedStyleSheets.includes(sheet)) return;
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}
