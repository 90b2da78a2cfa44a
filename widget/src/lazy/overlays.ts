import css from './overlays.css';

export { ChosenFiles } from './chosen-files.tsx';
export { drawings } from './drawings.ts';
export { Ended } from './ended.tsx';
export { headerMenu } from './header-menu.ts';
export { Menu } from './menu.tsx';
export { messageMenu } from './message-menu.ts';
export { Question } from './question.tsx';

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);

/** Its style comes with it, once for each shadow root. */
export function adoptStyle(root: ShadowRoot): void {
  if (root.adoptedStyleSheets.includes(sheet)) return;
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}
