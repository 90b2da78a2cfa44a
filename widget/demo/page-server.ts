import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import jwt from 'jsonwebtoken';
import type { DiscordPlace } from './children.ts';

/** What the page needs to know; the same shape as `Places` of the page. */
interface Places {
  run: string;
  serverUrl: string;
  discord: Pick<DiscordPlace, 'url' | 'apiUrl' | 'gatewayUrl' | 'guildId' | 'applicationId'>;
  staff: { id: string; name: string; token: string }[];
}

export interface PageOptions {
  /** Another one each time, so that a page can tell what it has kept from an earlier demo. */
  run: string;
  serverUrl: string;
  place: DiscordPlace;
  secret: string;
}

/** The bundled page, which is built even where the rest runs from its sources. */
const publicDir = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/widget/demo/public/' : 'public/',
  import.meta.url,
);
const files: Record<string, [file: string, type: string]> = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/app.js': ['app.js', 'text/javascript; charset=utf-8'],
  '/app.js.map': ['app.js.map', 'application/json'],
  '/style.css': ['style.css', 'text/css; charset=utf-8'],
  '/shop': ['shop.html', 'text/html; charset=utf-8'],
  '/shop.js': ['shop.js', 'text/javascript; charset=utf-8'],
  '/shop.css': ['shop.css', 'text/css; charset=utf-8'],
};

/** What every page here forbids: inline code, markup from strings, forms. */
const strict = [
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
];

/** The shop's: its own files, and what docs/EMBEDDING.md asks a site to allow for the chat. */
function shopPolicy({ serverUrl }: PageOptions): string {
  const socket = serverUrl.replace(/^http/, 'ws');
  return [
    "default-src 'none'",
    `script-src 'self' ${serverUrl}`,
    "style-src 'self'",
    `img-src 'self' blob: ${serverUrl}`,
    `connect-src 'self' ${serverUrl} ${socket}`,
    "frame-ancestors 'self'",
    ...strict,
  ].join('; ');
}

/** The page around it: itself and the simulator. */
function policyOf({ place }: PageOptions): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' blob: ${place.url}`,
    `connect-src 'self' ${place.url} ${place.gatewayUrl}`,
    "frame-src 'self'",
    "frame-ancestors 'none'",
    ...strict,
  ].join('; ');
}

/**
 * The one thing a partner's backend does for Deskcord: it says who its visitor is. Here anybody may
 * be anybody; a real one looks at its own session.
 */
function mintToken({ secret, run }: PageOptions, customer: string): string {
  const username = customer.charAt(0).toUpperCase() + customer.slice(1);
  const claims = { id: customer, username, email: `${customer}@example.com`, role: 'TEMP_USER' };
  // Each start of the demo has users of its own: nothing a browser has kept for earlier ones fits.
  return jwt.sign(claims, secret, { expiresIn: '15m', issuer: `demo-${run}` });
}

function placesOf({ run, serverUrl, place }: PageOptions): Places {
  const { url, apiUrl, gatewayUrl, guildId, applicationId, people } = place;
  const staff = ['kim', 'robin', 'developer', 'manager', 'admin'].flatMap((key) => {
    const person = people[key];
    return person ? [{ id: person.id, name: person.name, token: person.token }] : [];
  });
  return { run, serverUrl, discord: { url, apiUrl, gatewayUrl, guildId, applicationId }, staff };
}

async function answer(options: PageOptions, req: IncomingMessage, res: ServerResponse) {
  const { pathname } = new URL(req.url ?? '/', 'http://demo');
  const send = (status: number, type: string, body: string | Buffer) => {
    const headers = {
      'Content-Type': type,
      'Cache-Control': 'no-store',
      'Content-Security-Policy': pathname === '/shop' ? shopPolicy(options) : policyOf(options),
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
    };
    res.writeHead(status, headers).end(body);
  };
  const sendJson = (status: number, body: unknown) =>
    send(status, 'application/json', JSON.stringify(body));
  if (pathname === '/places.json') return sendJson(200, placesOf(options));
  if (pathname === '/favicon.ico') return void res.writeHead(204).end();
  if (pathname === '/support-token') {
    const [, customer = 'ana'] = /shop_customer=([a-z]{1,20})/.exec(req.headers.cookie ?? '') ?? [];
    return sendJson(200, { token: mintToken(options, customer) });
  }
  const [file, type] = files[pathname] ?? [];
  if (!file || !type) return send(404, 'text/plain', 'not here');
  const content = await readFile(fileURLToPath(new URL(file, publicDir)));
  if (pathname !== '/shop') return send(200, type, content);
  send(200, type, content.toString().replace('%SERVER%', options.serverUrl));
}

/** Serves the pages and plays the partner's backend. */
export function createPageServer(): { server: Server; serve(options: PageOptions): void } {
  let options: PageOptions | undefined;
  const server = createServer((req, res) => {
    if (!options) {
      res.writeHead(503, { 'Retry-After': '1' }).end('not ready yet');
      return;
    }
    answer(options, req, res).catch(() => res.destroy());
  });
  return {
    server,
    serve(given) {
      options = given;
    },
  };
}

function tryListen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** Opens the wished port, or any other where that one is taken. */
export async function listen(server: Server, port: number): Promise<number> {
  try {
    return await tryListen(server, port);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return tryListen(server, 0);
  }
}
