import type { ServerResponse } from 'node:http';

/** Pages of any origin may call: the demo's staff page does. */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, POST, PUT, PATCH, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': '*, Authorization, Content-Type, X-Audit-Log-Reason',
  'Access-Control-Expose-Headers': '*',
  'Access-Control-Max-Age': '86400',
};

/** Answers with JSON, or with nothing when there is no body. */
export function writeJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  const text = body === undefined ? '' : JSON.stringify(body);
  const type = text === '' ? {} : { 'Content-Type': 'application/json' };
  response.writeHead(status, { ...CORS, ...headers, ...type });
  response.end(text);
}

/** Answers a browser's preflight. */
export function allowOrigin(response: ServerResponse): void {
  response.writeHead(204, CORS);
  response.end();
}

/** Answers with bytes, open to pages of any origin. */
export function writeBytes(
  response: ServerResponse,
  status: number,
  bytes: Buffer | string,
  headers: Record<string, string>,
): void {
  response.writeHead(status, { ...CORS, 'Content-Length': Buffer.byteLength(bytes), ...headers });
  response.end(bytes);
}
