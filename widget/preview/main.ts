import type { Api } from '../src/loader/api.ts';
import { DEFAULT_COLOUR } from '../src/shared/colour.ts';
import { pretendNetwork, pretendToken } from './pretend-network.ts';
import { PretendServer } from './pretend-server.ts';
import { buildTag, type Picks } from './tag.ts';

declare global {
  interface Window {
    SupportChat?: Api;
  }
}

pretendNetwork(new PretendServer());

const form = document.querySelector('form') as HTMLFormElement;
const code = document.querySelector('#tag') as HTMLTextAreaElement;
const status = document.querySelector('#status') as HTMLElement;
/** What the chat does by itself needs no attribute. */
const defaults = { color: DEFAULT_COLOUR, theme: 'auto', locale: 'auto', position: 'right' };

/** What is undefined was left as it is, or taken back. */
function readPicks(): Picks {
  const given = Object.entries(Object.fromEntries(new FormData(form)));
  return Object.fromEntries(
    given.map(([name, value]) => {
      const text = String(value).trim();
      const isDefault = text === '' || defaults[name as keyof typeof defaults] === text;
      return [name, isDefault ? undefined : text];
    }),
  ) as Picks;
}

function show(): void {
  const { tokenUrl, ...picks } = readPicks();
  code.value = buildTag(location.origin, {
    tokenUrl: tokenUrl ?? '/support-token',
    ...picks,
  });
  document.body.dataset.side = picks.position ?? 'right';
  chat('configure', picks);
}

async function copy(): Promise<void> {
  try {
    await navigator.clipboard.writeText(code.value);
    status.textContent = 'Copied. Paste it into the head of your page.';
  } catch {
    code.select();
    status.textContent = 'Your browser does not let a page copy: it is selected, press Ctrl+C.';
  }
}

window.SupportChat ??= ((...call: unknown[]) => {
  const waiting = window.SupportChat as Api;
  waiting.q = [...(waiting.q ?? []), call] as unknown[][];
}) as Api;
const chat: Api = (command, ...args) => window.SupportChat?.(command, ...args);

chat('init', { getToken: pretendToken });
show();
if (matchMedia('(width > 900px)').matches) chat('open');
form.addEventListener('input', () => {
  status.textContent = '';
  show();
});
form.addEventListener('reset', () => setTimeout(show));
form.addEventListener('submit', (event) => event.preventDefault());
document.querySelector('#copy')?.addEventListener('click', () => void copy());
// Files that were chosen lie in a database of the browser.
window.addEventListener('pagehide', () => chat('logout'));
