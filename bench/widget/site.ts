import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { contentOf } from '../generator/senders.ts';

/** A page of a shop with a chat on it, and what that chat asks the page for. */
export interface WidgetSite {
  url: string;
  /** Where the widget and its server are. */
  host: string;
  /** Tokens by who is signed in: `/token/NAME`. */
  tokens: Record<string, string>;
  peerScript: Buffer | undefined;
  close(): Promise<void>;
}

const page = (body: string) =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A shop</title>
  <style>#tap { position: fixed; top: 8px; left: 8px; width: 120px; height: 40px }
  deep-chat { position: fixed !important; right: 20px; bottom: 94px; width: 400px !important; height: 686px !important }</style></head>
  <body><h1>A shop</h1><p>With things in it.</p>${body}</body></html>`;

const tag = (host: string, who: string) =>
  `<script async src="${host}/widget/v1.js" data-token-url="/token/${who}"></script>`;

/** What `/peer/COUNT` does at the tap: the peer is loaded then, as our own chat is. */
const peerPage = (count: number) => `<button id="tap">Open chat</button><script type="module">
  document.querySelector('#tap').addEventListener('click', async () => {
    const [history] = await Promise.all([
      fetch('/history/${count}').then((answer) => answer.json()),
      import('/peer.js'),
    ]);
    const chat = document.createElement('deep-chat');
    chat.connect = { handler: (_, signals) => signals.onResponse({ text: 'Thank you!' }) };
    chat.history = history;
    document.body.append(chat);
  }, { once: true });
</script>`;

const ticketPage = (host: string, ticket: string) => `${tag(host, 'owner')}
  <button id="tap" onclick="SupportChat('openTicket', '${ticket}')">My ticket</button>`;

const historyOf = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ role: 'user', text: contentOf(index) }));

/** Pages: `/new`, `/ticket/ID`, `/peer/COUNT`. */
export async function serveSite(): Promise<WidgetSite> {
  const site: WidgetSite = {
    ...{ url: '', host: '', tokens: {}, peerScript: undefined },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const answer = (kind: string, what: string): [type: string, body: string | Buffer] => {
    switch (kind) {
      case 'token':
        return ['application/json', JSON.stringify({ token: site.tokens[what] })];
      case 'history':
        return ['application/json', JSON.stringify(historyOf(Number(what)))];
      case 'peer.js':
        return ['text/javascript', site.peerScript ?? ''];
      case 'peer':
        return ['text/html', page(peerPage(Number(what)))];
      case 'ticket':
        return ['text/html', page(ticketPage(site.host, what))];
      default:
        return ['text/html', page(tag(site.host, 'new'))];
    }
  };
  const server = createServer((req, res) => {
    const [, kind = '', what = ''] = (req.url ?? '').split('/');
    const [type, body] = answer(kind, what);
    res.writeHead(200, { 'Content-Type': `${type}; charset=utf-8` }).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  site.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return site;
}
