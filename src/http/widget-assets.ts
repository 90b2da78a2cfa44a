import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AppContext } from '../context.ts';
import { notFound } from '../errors.ts';
import type { RequestContext } from './request-context.ts';

/** Where the build leaves the widget, seen from the source and from its compiled form. */
const places = ['../../dist/widget/public/', '../../widget/public/'];

const types: Record<string, string> = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
};
const encodings = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

const HOUR = 3600;
/** `v1.js` and the list of files change with an update; a file under its version never does. */
const shortCache = `public, max-age=300, stale-while-revalidate=${24 * HOUR}`;
const longCache = `public, max-age=${365 * 24 * HOUR}, immutable`;

interface Manifest {
  version: string;
  files: Record<string, unknown>;
}

interface Build {
  folder: string;
  manifest: Manifest;
}

const notBuilt = () => notFound('widget (it is not built: npm run build)');

function findBuild(): Build | undefined {
  for (const place of places) {
    const folder = fileURLToPath(new URL(place, import.meta.url));
    try {
      const manifest = JSON.parse(readFileSync(`${folder}manifest.json`, 'utf8')) as Manifest;
      return { folder, manifest };
    } catch {
      // It is in the other place, or not built.
    }
  }
  return undefined;
}

/** Serves the files of the widget, and nothing else there is in the folder. */
function createFiles(build: Build | undefined) {
  const known = new Map<string, string>();
  if (build) {
    const { version, files } = build.manifest;
    for (const name of Object.keys(files)) known.set(`${version}/${name}`, longCache);
    known.set('v1.js', shortCache).set('manifest.json', shortCache);
  }
  const bytes = new Map<string, Buffer>();
  const read = (path: string) => {
    const file = bytes.get(path) ?? readFileSync(`${build?.folder}${path}`);
    bytes.set(path, file);
    return file;
  };
  return ({ req, res }: RequestContext, path: string) => {
    const cache = known.get(path);
    if (!cache) throw build ? notFound('file') : notBuilt();
    const accepted = String(req.headers['accept-encoding'] ?? '');
    const [encoding, suffix] = encodings.find(([name]) => accepted.includes(name)) ?? ['', ''];
    const etag = `"${build?.manifest.version}${suffix}"`;
    const headers: Record<string, string> = {
      'Cache-Control': cache,
      ETag: etag,
      Vary: 'Accept-Encoding',
      'X-Content-Type-Options': 'nosniff',
      // For every site: whose chat may be talked to is decided by the API, not here.
      'Access-Control-Allow-Origin': '*',
      'Cross-Origin-Resource-Policy': 'cross-origin',
      'Timing-Allow-Origin': '*',
    };
    if (req.headers['if-none-match'] === etag) {
      res.writeHead(304, headers).end();
      return;
    }
    const body = read(path + suffix);
    res.writeHead(200, {
      ...headers,
      ...(encoding && { 'Content-Encoding': encoding }),
      'Content-Type': types[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
      'Content-Length': body.length,
    });
    res.end(req.method === 'HEAD' ? undefined : body);
  };
}

/** In the page itself, so that no browser asks for one that is not there. */
const icon = `<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Cpath fill='%233451d1' d='M12 2c6 0 10.5 4 10.5 9S18 20 12 20c-1 0-2-.1-3-.4L3.5 22l1.2-4.3C2.6 16 1.5 13.6 1.5 11 1.5 6 6 2 12 2z'/%3E%3C/svg%3E">`;

const page = (title: string, script: string, ...attributes: string[]) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-content">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
${icon}
<title>${title}</title>
</head>
<body>
<script async src="${script}"${attributes.map((text) => ` ${text}`).join('')}></script>
<noscript>${title}: JavaScript is needed.</noscript>
</body>
</html>
`;

type Policy = Record<string, string>;

/** Our own script and API, pictures of ours and of the device; whoever may talk to us may frame us. */
function chatPolicy({ config }: AppContext, { req }: RequestContext): Policy {
  const secure = 'encrypted' in req.socket || config.publicUrl?.startsWith('https:');
  const socket = `${secure ? 'wss' : 'ws'}://${req.headers.host}`;
  return {
    'connect-src': `'self' ${socket} ${config.publicUrl ?? ''}`.trim(),
    'img-src': `'self' blob: data: ${config.publicUrl ?? ''}`.trim(),
    'frame-ancestors': `'self' ${config.allowedOrigins.join(' ')}`.trim(),
  };
}

/** The partner's logo may be anywhere; nobody else is talked to. */
const previewPolicy: Policy = {
  'style-src': "'self'",
  'connect-src': "'self'",
  'img-src': "'self' blob: data: https:",
  'frame-ancestors': "'none'",
};

function sendPage({ req, res }: RequestContext, html: string, own: Policy): void {
  const policy = {
    ...{ 'default-src': "'none'", 'script-src': "'self'", ...own },
    ...{ 'base-uri': "'none'", 'form-action': "'none'" },
    ...{ 'require-trusted-types-for': "'script'", 'trusted-types': "'none'" },
  };
  res.writeHead(200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Length': Buffer.byteLength(html),
    'Cache-Control': 'no-cache',
    'Content-Security-Policy': Object.entries(policy)
      .map((rule) => rule.join(' '))
      .join('; '),
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  });
  res.end(req.method === 'HEAD' ? undefined : html);
}

type WidgetRoute = [
  path: string,
  answer: (request: RequestContext, params: Record<string, string>) => void,
];

/** `/widget/…`, and the chat as a page of its own: read with GET, no part of the API. */
export function createWidgetRoutes(ctx: AppContext): WidgetRoute[] {
  const build = findBuild();
  const send = createFiles(build);
  const chat = page('Chat', '/widget/v1.js', 'data-mode="page"');
  const preview = build && readFileSync(`${build.folder}preview.html`, 'utf8');
  return [
    ['/chat', (request) => sendPage(request, chat, chatPolicy(ctx, request))],
    [
      '/widget/preview',
      (request) => {
        if (!preview) throw notBuilt();
        sendPage(request, preview, previewPolicy);
      },
    ],
    ['/widget/:file', (request, { file }) => send(request, file ?? '')],
    ['/widget/:version/:file', (request, { version, file }) => send(request, `${version}/${file}`)],
  ];
}
