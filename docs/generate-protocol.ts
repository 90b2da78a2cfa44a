import { readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import { agentView } from '../src/contract/agents.ts';
import { availabilityView } from '../src/contract/availability.ts';
import { blockView } from '../src/contract/blocks.ts';
import { calendarView } from '../src/contract/calendar.ts';
import { cannedReplyView } from '../src/contract/canned-replies.ts';
import { commentView } from '../src/contract/comments.ts';
import { assignedPackageView, customerView } from '../src/contract/customers.ts';
import { type EndpointRow, endpoints } from '../src/contract/endpoints.ts';
import { erasureView } from '../src/contract/erasures.ts';
import { errorBody, errorStatus } from '../src/contract/errors.ts';
import {
  type ClientEventName,
  clientEventAcks,
  clientEvents,
  eventLimits,
  serverEvents,
} from '../src/contract/events.ts';
import { tokenClaims, userView } from '../src/contract/identity.ts';
import { rateLimits, sizes } from '../src/contract/limits.ts';
import { fileView, messageView } from '../src/contract/messages.ts';
import { packageView } from '../src/contract/packages.ts';
import { ticketView } from '../src/contract/tickets.ts';

/** Writes docs/PROTOCOL.md from the schemas of the contract, so that the two cannot differ. */

interface JsonSchema {
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  anyOf?: JsonSchema[];
  items?: JsonSchema;
  prefixItems?: JsonSchema[];
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  propertyNames?: unknown;
  required?: string[];
}

/** Objects with a table of their own; wherever else they stand, their name is enough. */
const named: [string, z.ZodType][] = [
  ['ticket', ticketView],
  ['message', messageView],
  ['file', fileView],
  ['user', userView],
  ['customer', customerView],
  ['package', packageView],
  ['assigned_package', assignedPackageView],
  ['canned_reply', cannedReplyView],
  ['agent', agentView],
  ['block', blockView],
  ['availability', availabilityView],
  ['calendar', calendarView],
  ['erasure', erasureView],
];

const jsonOf = (schema: z.ZodType, io: 'input' | 'output') =>
  z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;

/** Fields in words, in which two schemas are the same object. */
const fingerprint = ({ properties = {} }: JsonSchema) => Object.keys(properties).join(' ');
const nameByFields = new Map(
  [
    ...named,
    ['message with `is_internal`', commentView] as const,
    ['the body of an error', errorBody] as const,
  ].map(([name, schema]) => [fingerprint(jsonOf(schema, 'output')), name]),
);

function recordName({ additionalProperties: values }: JsonSchema): string {
  return typeof values === 'object' ? `object of ${typeName(values)}` : 'object';
}

function objectName(schema: JsonSchema): string {
  if (!schema.properties) return recordName(schema);
  const name = nameByFields.get(fingerprint(schema));
  if (name) return name;
  const fields = fieldsOf(schema);
  return fields.length > 0 ? `{${fields.join(', ')}}` : '{}';
}

function typeName(schema: JsonSchema): string {
  if (schema.enum) return schema.enum.map((value) => `\`${String(value)}\``).join(' ');
  if (schema.const !== undefined) return `\`${String(schema.const)}\``;
  if (schema.anyOf) return schema.anyOf.map(typeName).join(' or ');
  if (schema.format === 'integer') return 'integer';
  if (schema.prefixItems) return `[${schema.prefixItems.map(typeName).join(', ')}]`;
  if (schema.type === 'array') return `array of ${typeName(schema.items ?? {})}`;
  if (schema.type === 'object') return objectName(schema);
  return [schema.type ?? 'any'].flat().join(' or ');
}

function fieldsOf({ properties = {}, required = [] }: JsonSchema): string[] {
  return Object.entries(properties).map(
    ([name, field]) => `\`${name}\`${required.includes(name) ? '' : '?'} ${typeName(field)}`,
  );
}

/** The fields of what a client sends, on one line. */
function fields(schema: z.ZodType, io: 'input' | 'output' = 'input'): string {
  const json = jsonOf(schema, io);
  const shapes = json.anyOf ?? [json];
  return shapes.map((shape) => fieldsOf(shape).join(', ')).join(' — or — ') || '—';
}

const table = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const rows: readonly EndpointRow[] = Object.values(endpoints);
const api = rows.filter(({ auth }) => auth !== 'none');
const callOf = ({ method, path }: EndpointRow) => `\`${method} ${path.replace('/api/v1', '')}\``;

const aliasesOf = (aliases: Readonly<Record<string, string>> = {}) =>
  Object.entries(aliases).map(([name, field]) => `; \`${name}\` is \`${field}\``);

function inputOf({ body, query, file, files, aliases }: EndpointRow): string {
  if (body) {
    const form = files ? `; or multipart with \`${files.field}\`` : '';
    return [fields(body), ...aliasesOf(aliases), form].join('');
  }
  if (query) return `query: ${fields(query)}`;
  return file ? `multipart: \`${file}\`` : '—';
}

function answersOf({ answers }: EndpointRow): string {
  const bodies = Object.entries(answers).map(([status, schema]) => {
    const none = ['204', '302'].includes(status) ? 'nothing' : 'bytes';
    return [status, schema ? typeName(jsonOf(schema, 'output')) : none] as const;
  });
  const kinds = new Set(bodies.map(([, body]) => body));
  const statuses = bodies.map(([status]) => status);
  return [...kinds].map((kind) => `${statuses.join(', ')}: ${kind}`).join('; ');
}

const restTable = () =>
  table(
    ['Call', 'What', 'Who', 'a minute', 'Body or query', 'Answer', 'Refused with'],
    api.map((row) => [
      `\`${row.method} ${row.path}\``,
      row.summary,
      row.may,
      row.limit ? `${rateLimits[row.limit]} \`${row.limit}\`` : '—',
      inputOf(row),
      answersOf(row),
      row.errors.map((code) => errorStatus[code]).join(', ') || '—',
    ]),
  );

const probesTable = () =>
  table(
    ['Call', 'What', 'Answer'],
    rows
      .filter(({ auth }) => auth === 'none')
      .map((row) => [
        `\`${row.method} ${row.path}\``,
        row.summary,
        Object.keys(row.answers).join(', '),
      ]),
  );

/** Everything else that counts against the limit of an event. */
function sharersOf(event: ClientEventName): string {
  const limit = eventLimits[event];
  const calls = api.filter((row) => row.limit === limit).map(callOf);
  const events = Object.entries(eventLimits)
    .filter(([name, other]) => other === limit && name !== event)
    .map(([name]) => `\`${name}\``);
  return [...calls, ...events].join(', ') || '—';
}

function eventsTable(): string {
  const names = Object.keys(clientEvents) as ClientEventName[];
  const lines = names.map((name) => [
    `\`${name}\``,
    `${rateLimits[eventLimits[name]]} \`${eventLimits[name]}\``,
    sharersOf(name),
    fields(clientEvents[name]),
    fields(clientEventAcks[name], 'output'),
  ]);
  return table(['Event', 'a minute', 'together with', 'Payload', 'Acknowledged with'], lines);
}

const serverEventsTable = () =>
  table(
    ['Event', 'Payload', 'When'],
    Object.entries(serverEvents).map(([name, { payload, when }]) => {
      const type = typeName(jsonOf(payload, 'output'));
      return [`\`${name}\``, type.replace(/^\{(.*)\}$/, '$1'), when];
    }),
  );

function fieldsTable(schema: z.ZodType): string {
  const { properties = {}, required = [] } = jsonOf(schema, 'output');
  const lines = Object.entries(properties).map(([name, field]) => [
    `\`${name}\`${required.includes(name) ? '' : '?'}`,
    typeName(field),
    field.description ?? '',
  ]);
  return table(['Field', 'Type', ''], lines);
}

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
    probes: probesTable(),
    events: eventsTable(),
    server_events: serverEventsTable(),
    errors: errorsTable(),
    sizes: sizesTable(),
  };
  for (const [name, schema] of named) parts[name] = fieldsTable(schema);
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
