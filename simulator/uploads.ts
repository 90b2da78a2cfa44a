import type { IncomingMessage } from 'node:http';
import busboy from 'busboy';
import { ApiError, invalidForm, refused } from './errors.ts';

/** One file of a multipart body. */
export interface Upload {
  /** The n of `files[n]`. */
  index: number;
  filename: string;
  contentType: string;
  bytes: Buffer;
}

export interface Body {
  json: unknown;
  files: Upload[];
  bytes: number;
}

const MAX_FILES = 10;

/** 413 as Discord words it, for a file or a whole request. */
export function tooLarge(): ApiError {
  return new ApiError(413, 40005, 'Request entity too large');
}

/** Reads a JSON or multipart body; an absent one is undefined. */
export async function readBody(
  request: IncomingMessage,
  limits: { maxFileBytes: number; maxRequestBytes: number },
): Promise<Body> {
  const type = request.headers['content-type'] ?? '';
  const raw = await readAll(request, limits.maxRequestBytes);
  if (type.startsWith('multipart/form-data')) {
    const form = await readForm(raw, request.headers, limits.maxFileBytes);
    return { ...form, bytes: raw.length };
  }
  if (raw.length === 0) return { json: undefined, files: [], bytes: 0 };
  if (!type.startsWith('application/json')) {
    const message = 'Expected "Content-Type" header to be one of {application/json}.';
    throw invalidForm({ _errors: [{ code: 'CONTENT_TYPE_INVALID', message }] });
  }
  return { json: parseJson(raw.toString('utf8')), files: [], bytes: raw.length };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refused(50109, 'The request body contains invalid JSON.');
  }
}

/** Reads to the end even when it is too much, so that the client gets the answer rather than a broken pipe. */
async function readAll(request: IncomingMessage, max: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size <= max) chunks.push(chunk);
  }
  if (size > max) throw tooLarge();
  return Buffer.concat(chunks);
}

function readForm(
  raw: Buffer,
  headers: IncomingMessage['headers'],
  maxFileBytes: number,
): Promise<{ json: unknown; files: Upload[] }> {
  return new Promise((resolve, reject) => {
    const files: Upload[] = [];
    const fields: Record<string, string> = {};
    const fail = () => reject(refused(50035, 'Invalid Form Body'));
    const form = openForm(headers);
    if (!form) return fail();
    form.on('field', (name, value) => {
      fields[name] = value;
    });
    form.on('file', (name, stream, info) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('close', () => {
        const index = Number(/^files?\[?(\d+)?\]?$/.exec(name)?.[1] ?? files.length);
        const bytes = Buffer.concat(chunks);
        const filename = info.filename ?? 'file';
        files.push({ index, filename, contentType: info.mimeType, bytes });
      });
    });
    form.on('error', fail);
    form.on('close', () => {
      if (files.length > MAX_FILES) {
        return reject(refused(30015, 'Maximum number of attachments in a message reached (10)'));
      }
      if (files.some((file) => file.bytes.length > maxFileBytes)) return reject(tooLarge());
      try {
        resolve({ json: formJson(fields), files });
      } catch (error) {
        reject(error);
      }
    });
    form.end(raw);
  });
}

function openForm(headers: IncomingMessage['headers']): busboy.Busboy | undefined {
  try {
    return busboy({ headers, defParamCharset: 'utf8', limits: { fieldSize: 25 * 1024 * 1024 } });
  } catch {
    return undefined;
  }
}

/** `payload_json` is the body; without it the plain form fields are. */
function formJson(fields: Record<string, string>): unknown {
  return fields.payload_json === undefined ? fields : parseJson(fields.payload_json);
}
