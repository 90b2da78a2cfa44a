import { paletteOf } from '../shared/colour.ts';
import { localeOf } from '../shared/locale.ts';
import type { ChatOptions } from '../shared/options.ts';
import css from './launcher.css';

const openWords: Record<string, string> = {
  en: 'Open chat',
  de: 'Chat öffnen',
  fr: 'Ouvrir le chat',
  es: 'Abrir el chat',
  pt: 'Abrir o chat',
  ar: 'فتح المحادثة',
  ja: 'チャットを開く',
};

const svgNamespace = 'http://www.w3.org/2000/svg';

function drawIcon(name: string, path: string): SVGElement {
  const svg = document.createElementNS(svgNamespace, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', name);
  const line = document.createElementNS(svgNamespace, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

export interface Launcher {
  host: HTMLElement;
  shadow: ShadowRoot;
  button: HTMLButtonElement;
  /** Applies what may change later. */
  configure(options: ChatOptions): void;
  setOpen(isOpen: boolean): void;
  setBusy(isBusy: boolean): void;
  setUnread(count: number): void;
}

/** The shadow root everything lives in, and the button in the corner of the page. */
export function createLauncher(onClick: () => void): Launcher {
  const host = document.createElement('deskcord-chat');
  const shadow = host.attachShadow({ mode: 'open' });
  const [fixed, themed] = [new CSSStyleSheet(), new CSSStyleSheet()];
  fixed.replaceSync(css);
  shadow.adoptedStyleSheets = [fixed, themed];
  const button = document.createElement('button');
  button.className = 'launcher';
  button.type = 'button';
  button.setAttribute('aria-expanded', 'false');
  button.setAttribute('aria-haspopup', 'dialog');
  const text = document.createElement('span');
  text.className = 'launcher-text';
  const badge = document.createElement('span');
  badge.className = 'badge';
  badge.hidden = true;
  button.append(
    drawIcon(
      'talk',
      'M12 3.5c5 0 9 3.3 9 7.6s-4 7.6-9 7.6c-1 0-2-.1-2.9-.4L4.5 20.5l1-3.6C3.9 15.5 3 13.4 3 11.1c0-4.3 4-7.6 9-7.6z',
    ),
    drawIcon('down', 'M6 9.5l6 6 6-6'),
    text,
    badge,
  );
  button.addEventListener('click', onClick);
  shadow.append(button);
  let label = '';
  let unread = 0;
  const name = () => {
    button.setAttribute('aria-label', unread > 0 ? `${label} (${unread})` : label);
  };
  return {
    host,
    shadow,
    button,
    configure(options) {
      const { color, position = 'right', zIndex = 2e9, launcherText = '' } = options;
      const { brand, onBrand, light, dark } = paletteOf(color);
      const rule = `:host{--brand:${brand};--on-brand:${onBrand};--brand-light:${light};--brand-dark:${dark};z-index:${Number(zIndex) || 0}!important}`;
      themed.replaceSync(rule);
      host.dataset.side = position;
      host.dataset.theme = options.theme ?? 'auto';
      host.dataset.mode = options.mode ?? 'widget';
      button.hidden = options.hideLauncher === true || options.mode === 'page';
      text.textContent = launcherText;
      const language = localeOf(options).split('-')[0] ?? '';
      label = launcherText || openWords[language] || (openWords.en as string);
      name();
    },
    setOpen(isOpen) {
      button.setAttribute('aria-expanded', String(isOpen));
    },
    setBusy(isBusy) {
      button.toggleAttribute('data-busy', isBusy);
    },
    setUnread(count) {
      unread = count;
      badge.hidden = count === 0;
      badge.textContent = count > 99 ? '99+' : String(count);
      name();
    },
  };
}
