import { render } from 'preact';
import { localeOf } from '../shared/locale.ts';
import type { ChatEnvironment, ChatHandle, PrepareChat } from '../shared/options.ts';
import css from './chat.css';
import { BLANK } from './conversation.ts';
import { Desk } from './desk.ts';
import { Panel } from './panel.tsx';
import { loadWords, type Words } from './words.ts';

// What the lazy files that draw take from here, so that there is one Preact.
export { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
export { Fragment, jsx, jsxs } from 'preact/jsx-runtime';
export { Icon, IconButton } from './icons.tsx';

/** Loads the language: a chat that cannot speak is not there. */
export const prepareChat: PrepareChat = async (options) => {
  const words = await loadWords(localeOf(options), options.strings);
  return (environment) => startChat(environment, words);
};

/** Draws the chat into the shadow root. */
function startChat(environment: ChatEnvironment, words: Words): ChatHandle {
  const { shadow } = environment;
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  shadow.adoptedStyleSheets = [...shadow.adoptedStyleSheets, sheet];
  const desk = new Desk(environment, words);
  void import('./hints.js' as string)
    .then((lazy: typeof import('../lazy/hints.ts')) => lazy.checkOptions(environment.options))
    .catch(() => {});
  const root = document.createElement('div');
  root.className = 'root';
  shadow.prepend(root);
  render(<Panel desk={desk} />, root);
  /** Does it once it is known whose chat this is. */
  const withSession = (work: () => void) => {
    desk.open();
    if (desk.session) return work();
    const end = desk.onChange(() => {
      if (!desk.session) return;
      end();
      work();
    });
  };
  return {
    open: () => desk.open(),
    close: () => desk.close(),
    newTicket: (draft) =>
      withSession(() => {
        desk.session?.show(BLANK);
        const kept = desk.session?.current?.draft;
        if (draft && kept && !kept.state.text) kept.change({ text: draft });
        desk.tell();
      }),
    openTicket: (id) => withSession(() => desk.session?.show(id)),
    configure: (options) => desk.configure(options),
    refreshToken: () => desk.refreshToken(),
    logout: () => desk.logout(),
    destroy() {
      desk.destroy();
      render(null, root);
      root.remove();
      shadow.adoptedStyleSheets = shadow.adoptedStyleSheets.filter((other) => other !== sheet);
    },
  };
}
