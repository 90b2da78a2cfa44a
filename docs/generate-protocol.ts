import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { errorStatus } from '../src/contract/errors.ts';
import { type ClientEventName, clientEvents, eventLimits } from '../src/contract/events.ts';
import { tokenClaims } from '../src/contract/identity.ts';
import { rateLimits, sizes } from '../src/contract/limits.ts';
import type { Endpoint } from '../src/http/endpoint.ts';
import { messageEndpoints } from '../src/http/messages.ts';
import { ticketEndpoints } from '../src/http/tickets.ts';
import { uploadEndpoint } from '../src/http/uploads.ts';
import { fieldsOf } from './contract-fields.ts';

/** Writes docs/PROTOCOL.md from the schemas that parse the requests, so that the two cannot differ. */

interface JsonSchema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  required?: string[];
}

function typeName(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(' ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.anyOf) return schema.anyOf.map(typeName).join(' or ');
  if (schema.type === 'array') return `array of ${typeName(schema.items ?? {})}`;
  return schema.type ?? 'any';
}

function fields(schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
  const shapes = json.anyOf ?? [json];
  const lines = shapes.map(({ properties = {}, required = [] }) =>
    Object.entries(properties)
      .map(([name, field]) => `\`${name}\`${required.includes(name) ? '' : '?'} ${typeName(field)}`)
      .join(', '),
  );
  return lines.join(' — or — ') || '—';
}

const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const endpoints: readonly Endpoint[] = [...ticketEndpoints, ...messageEndpoints, uploadEndpoint];

function restTable(): string {
  const rows = endpoints.map(({ method, path, limit, body, query }) => [
    `\`${method} /api/v1${path}\``,
    String(rateLimits[limit]),
    body ? fields(body) : query ? `query: ${fields(query)}` : '—',
  ]);
  const file = [
    '`GET /api/v1/files/:id/:name`',
    String(rateLimits.download),
    'query: `exp`, `sig`',
  ];
  return table(['Call', 'a minute', 'Body or query'], [...rows, file]);
}

/** Everything else that counts against the limit of an event. */
function sharersOf(event: ClientEventName): string {
  const limit = eventLimits[event];
  const calls = endpoints
    .filter((endpoint) => endpoint.limit === limit)
    .map(({ method, path }) => `\`${method} ${path}\``);
  const events = Object.entries(eventLimits)
    .filter(([name, other]) => other === limit && name !== event)
    .map(([name]) => `\`${name}\``);
  return [...calls, ...events].join(', ') || '—';
}

function eventsTable(): string {
  const names = Object.keys(clientEvents) as ClientEventName[];
  const rows = names.map((name) => [
    `\`${name}\``,
    String(rateLimits[eventLimits[name]]),
    sharersOf(name),
    fields(clientEvents[name]),
  ]);
  return table(['Event', 'a minute', 'together with', 'Payload'], rows);
}

const fieldsTable = (view: string) =>
  table(
    ['Field', 'Type', ''],
    fieldsOf(view).map(({ name, optional, type, comment }) => [
      `\`${name}\`${optional ? '?' : ''}`,
      type,
      comment,
    ]),
  );

const errorsTable = () =>
  table(
    ['`error`', 'Status'],
    Object.entries(errorStatus).map(([code, status]) => [`\`${code}\``, String(status)]),
  );

const sizesTable = () =>
  table(
    ['Limit', 'Value'],
    Object.entries(sizes).map(([name, value]) => [`\`${name}\``, value.toLocaleString('en')]),
  );

/** The document with its generated parts made anew. */
export function renderProtocol(document: string): string {
  const parts: Record<string, string> = {
    claims: fields(tokenClaims),
    rest: restTable(),
    events: eventsTable(),
    ticket: fieldsTable('TicketView'),
    message: fieldsTable('MessageView'),
    file: fieldsTable('FileView'),
    errors: errorsTable(),
    sizes: sizesTable(),
  };
  return Object.entries(parts).reduce(
    (text, [name, part]) =>
      text.replace(
        new RegExp(`(<!-- ${name} -->)[^]*?(<!-- /${name} -->)`),
        (_all, open: string, close: string) => `${open}\n${part}\n${close}`,
      ),
    document,
  );
}

if (process.argv[1]?.endsWith('generate-protocol.ts')) {
  const path = new URL('PROTOCOL.md', import.meta.url);
  writeFileSync(path, renderProtocol(readFileSync(path, 'utf8')));
}
