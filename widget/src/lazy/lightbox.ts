import css from './lightbox.css';

const sheet = new CSSStyleSheet();
sheet.replaceSync(css);

/** Its style comes with it, once for each shadow root. */
function adoptStyle(root: ShadowRoot): void {
  if (root.adoptedStyleSheets.includes(sheet)) return;
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}

interface Picture {
  name: string;
  url: string;
}

type Say = (
  key: 'picture' | 'download' | 'previous' | 'next' | 'closePicture',
  values?: Record<string, string>,
) => string;

function button(text: string, label: string, onClick: () => void, className = ''): HTMLElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = className;
  element.textContent = text;
  element.setAttribute('aria-label', label);
  element.addEventListener('click', onClick);
  return element;
}

/** Shows pictures over the whole page, one at a time. The browser's own dialog keeps the focus in it. */
export function showLightbox(
  root: ShadowRoot,
  pictures: readonly Picture[],
  start: number,
  say: Say,
): void {
  adoptStyle(root);
  const before = root.activeElement as HTMLElement | null;
  const dialog = document.createElement('dialog');
  dialog.className = 'lightbox';
  const bar = document.createElement('div');
  bar.className = 'lightbox-bar';
  const name = document.createElement('span');
  name.className = 'lightbox-name';
  name.dir = 'auto';
  const download = document.createElement('a');
  download.target = '_blank';
  download.rel = 'noreferrer noopener';
  download.textContent = say('download');
  const picture = document.createElement('img');
  let at = start;
  const show = (index: number) => {
    at = (index + pictures.length) % pictures.length;
    const { name: text, url } = pictures[at] as Picture;
    picture.src = url;
    picture.alt = text;
    name.textContent = text;
    download.href = url;
    download.download = text;
    dialog.setAttribute('aria-label', say('picture', { name: text }));
  };
  bar.append(
    name,
    download,
    button('✕', say('closePicture'), () => dialog.close()),
  );
  dialog.append(picture, bar);
  if (pictures.length > 1) {
    dialog.append(
      button('‹', say('previous'), () => show(at - 1), 'step'),
      button('›', say('next'), () => show(at + 1), 'step next'),
    );
  }
  dialog.addEventListener('keydown', (event) => {
    event.stopPropagation();
    if (pictures.length < 2) return;
    if (event.key === 'ArrowLeft') show(at - 1);
    if (event.key === 'ArrowRight') show(at + 1);
  });
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog || target === picture) dialog.close();
  });
  dialog.addEventListener('close', () => {
    dialog.remove();
    before?.focus();
  });
  show(start);
  root.append(dialog);
  dialog.showModal();
}
