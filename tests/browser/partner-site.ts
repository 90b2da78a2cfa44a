import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mintToken } from '../support/people.ts';

/** A page of a partner with nothing on it but the tag, under the strictest policy that lets it work. */
export interface PartnerSite {
  url: string;
  /** Where the widget and its server are. */
  host: string;
  /** Who is signed in; nobody where it is undefined. */
  user: { id: string; username: string; lifeSeconds?: number } | undefined;
  /** How often a token was asked for. */
  asked: number;
  /** Attributes of the tag, and what else stands on the page. */
  page: { attributes?: string; before?: string; head?: string; lang?: string; tag?: string };
  close(): Promise<void>;
}

const policyOf = (host: string) =>
  [
    "default-src 'none'",
    `script-src ${host} 'self'`,
    "style-src 'self'",
    `connect-src 'self' ${host} ${host.replace('http', 'ws')}`,
    `img-src ${host} blob:`,
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

const hostileCss = `
  * { all: unset !important; display: none !important; color: red !important; }
  html, head ~ *, body { display: block !important; transform: rotate(3deg); }
  deskcord-chat { z-index: -1 !important; opacity: 0 !important; position: static !important; }
  .cover { display: block !important; position: fixed !important; inset: 0 !important; z-index: 999999999 !important; }
`;

/** What a page that calls the chat before it is there begins with, as EMBEDDING has it. */
const [, stub = ''] =
  /```js\n(window\.SupportChat \?\?=.*?)```/s.exec(
    readFileSync(new URL('../../docs/EMBEDDING.md', import.meta.url), 'utf8'),
  ) ?? [];

/** @param host where the widget and its server are */
export async function servePartner(host: string): Promise<PartnerSite> {
  const site: PartnerSite = {
    url: '',
    host,
    user: { id: 'ana', username: 'Ana' },
    asked: 0,
    page: {},
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
  const answers: Record<string, () => [status: number, type: string, body: string]> = {
    '/': () => {
      const { attributes = '', before = '', head = '', lang = 'en' } = site.page;
      const {
        tag = `<script async src="${host}/widget/v1.js" data-token-url="/support-token" ${attributes}></script>`,
      } = site.page;
      const html = `<!doctype html><html lang="${lang}"><head><meta charset="utf-8"><title>A shop</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">${head}${before}${tag}</head>
        <body><main><h1>A shop</h1><p>With things in it.</p><a href="/other">Other page</a></main><div class="cover"></div></body></html>`;
      return [200, 'text/html', html];
    },
    '/other': () => [200, 'text/html', '<!doctype html><title>Other</title><p>Another page</p>'],
    '/hostile.css': () => [200, 'text/css', hostileCss],
    '/early.js': () => [
      200,
      'text/javascript',
      `window.heard = [];
       window.SupportChat = window.SupportChat || function () { (SupportChat.q = SupportChat.q || []).push(arguments); };
       SupportChat('on', 'ready', function () { heard.push('ready'); });
       SupportChat('on', 'open', function () { heard.push('open'); });
       SupportChat('on', 'ticket:created', function () { heard.push('ticket:created'); });
       SupportChat('on', 'unread', function (detail) { heard.push('unread ' + detail.count); });
       SupportChat('newTicket', 'Where is my order?');`,
    ],
    // What a browser complains of, for those whose driver does not say it.
    '/complaints.js': () => [
      200,
      'text/javascript',
      `window.complaints = [];
       for (const name of ['error', 'warn']) {
         const before = console[name];
         console[name] = (...all) => { complaints.push(all.map(String).join(' ')); before.apply(console, all); };
       }
       addEventListener('error', ({ message, target }) => complaints.push(message || 'not loaded: ' + target.src), true);
       addEventListener('unhandledrejection', ({ reason }) => complaints.push(String(reason)));
       addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
         complaints.push('refused by ' + violatedDirective + ': ' + blockedURI));`,
    ],
    // What React's StrictMode does to an effect: mount, unmount, mount.
    '/strict.js': () => [
      200,
      'text/javascript',
      `${stub}
       window.strict = { heard: [], mount() {
         SupportChat('init', { tokenUrl: '/support-token' });
         const hear = (name) => () => strict.heard.push(name);
         const ends = ['open', 'ticket:created'].map((name) => SupportChat('on', name, hear(name)));
         return () => { for (const end of ends) end(); SupportChat('destroy'); };
       }, twice() { strict.mount()(); return void strict.mount(); } };`,
    ],
    // The same, with the chat's own script still to come.
    '/strict-early.js': () => [
      200,
      'text/javascript',
      'window.onerror = (text) => strict.heard.push(text); strict.twice();',
    ],
    '/shown.js': () => [
      200,
      'text/javascript',
      "window.persisted = false; addEventListener('pageshow', (event) => { persisted = event.persisted; });",
    ],
    '/support-token': () => {
      site.asked++;
      if (!site.user) return [401, 'application/json', '{}'];
      const { lifeSeconds = 900, ...claims } = site.user;
      const token = mintToken(claims, { expiresIn: lifeSeconds });
      return [200, 'application/json', JSON.stringify({ token })];
    },
  };
  const server: Server = createServer((req, res) => {
    const answer = answers[(req.url ?? '/').split('?')[0] as string];
    if (!answer) return void res.writeHead(404).end();
    const [status, type, body] = answer();
    res.writeHead(status, {
      'Content-Type': `${type}; charset=utf-8`,
      'Content-Security-Policy': policyOf(host),
    });
    res.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  site.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return site;
}
