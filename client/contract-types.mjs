/**
 * The contract's types for the package, without the library they are made with: printed from the JSON
 * Schema of what `npm run build` has compiled just before.
 */
import { readdir } from 'node:fs/promises';
import { z } from 'zod';
import * as rest from '../dist/src/contract/endpoints.js';
import * as errors from '../dist/src/contract/errors.js';
import * as events from '../dist/src/contract/events.js';
import * as identity from '../dist/src/contract/identity.js';
import * as messages from '../dist/src/contract/messages.js';
import * as lists from '../dist/src/contract/ticket-lists.js';
import * as tickets from '../dist/src/contract/tickets.js';

const keyOf = (name) => (/^\w+$/.test(name) ? name : JSON.stringify(name));
const lines = (text, by) => text.replaceAll('\n', `\n${by}`);

function printObject({ properties = {}, required = [], additionalProperties }) {
  if (Object.keys(properties).length === 0) {
    return `Record<string, ${additionalProperties ? print(additionalProperties) : 'never'}>`;
  }
  const fields = Object.entries(properties).map(([name, schema]) => {
    const comment = schema.description ? `/** ${schema.description} */\n` : '';
    const optional = required.includes(name) ? '' : '?';
    return lines(`\n${comment}${keyOf(name)}${optional}: ${print(schema)};`, '  ');
  });
  return `{${fields.join('')}\n}`;
}

/** @returns {string} a JSON Schema as a type */
function print(schema) {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  if (Array.isArray(schema.type))
    return schema.type.map((type) => print({ ...schema, type })).join(' | ');
  const any = schema.anyOf ?? schema.oneOf;
  if (any) return [...new Set(any.map(print))].join(' | ');
  switch (schema.type) {
    case 'array':
      if (schema.prefixItems) return `[${schema.prefixItems.map(print).join(', ')}]`;
      return `Array<${print(schema.items ?? {})}>`;
    case 'object':
      return printObject(schema);
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    default:
      return 'unknown';
  }
}

const typeOf = (schema, io = 'output') =>
  print(z.toJSONSchema(schema, { io, unrepresentable: 'any' }));

/** One entry of the map for each event. */
const mapOf = (name, table, schemaOf, io) =>
  `export interface ${name} {${Object.entries(table)
    .map(([event, entry]) => lines(`\n${event}: ${typeOf(schemaOf(entry), io)};`, '  '))
    .join('')}\n}`;

/** Made of several, below. */
const made = new Set([
  ...['CreateTicketBody', 'ListTicketsQuery', 'AckError', 'ClientEventInputs', 'ClientEventAcks'],
  ...[
    'EndpointCalls',
    'ServerPayloads',
    'ClientEventName',
    'ClientEventInput',
    'Ack',
    'ServerEvents',
  ],
]);

const named = {
  ErrorCode: errors.errorBody.shape.error,
  FieldError: errors.fieldError,
  ErrorBody: errors.errorBody,
  UserView: identity.userView,
  FileView: messages.fileView,
  MessageView: messages.messageView,
  TicketView: tickets.ticketView,
  TypingView: events.typingView,
  AuthorizeAck: events.authorizeAck,
  SyncAck: events.syncAck,
};

/** The type of what an endpoint answers: by its name where it has one, which keeps errors readable. */
function answerOf(schema, names) {
  if (!schema) return 'undefined';
  const row = schema instanceof z.ZodArray ? schema.element : schema;
  const name = names.get(row) ?? typeOf(row);
  return row === schema ? name : `Array<${name}>`;
}

/** What a client gives to each endpoint, and gets from it. */
function printCalls() {
  const names = new Map(Object.entries(named).map(([name, schema]) => [schema, name]));
  const given = (schema) => (schema ? typeOf(schema, 'input') : 'undefined');
  const calls = Object.entries(rest.endpoints).map(
    ([name, { method, path, query, body, answers }]) => {
      const got = new Set(Object.values(answers).map((schema) => answerOf(schema, names)));
      const fields = [
        `route: ${JSON.stringify(`${method} ${path}`)};`,
        `query: ${given(query)};`,
        `body: ${given(body)};`,
        `answer: ${[...got].join(' | ')};`,
      ];
      return lines(`\n${name}: {${lines(`\n${fields.join('\n')}`, '  ')}\n};`, '  ');
    },
  );
  return `export interface EndpointCalls {${calls.join('')}\n}`;
}

/** Every schema of the contract by the name it is exported under. */
async function readSchemas() {
  const folder = new URL('../dist/src/contract/', import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith('.js'));
  return Object.assign(
    {},
    ...(await Promise.all(files.map((name) => import(new URL(name, folder))))),
  );
}

/**
 * @param {Iterable<string>} wanted the names the library's declarations import
 * @returns {Promise<string>} a module of types
 */
export async function printContract(wanted) {
  const schemas = await readSchemas();
  const more = [...wanted].filter((name) => !(name in named) && !made.has(name));
  const found = more.map((name) => {
    const schema = schemas[name.charAt(0).toLowerCase() + name.slice(1)];
    if (!schema) throw new Error(`client/contract-types.mjs: no schema of the contract is ${name}`);
    return [name, schema];
  });
  const read = [...Object.entries(named), ...found].map(
    ([name, schema]) => `export type ${name} = ${typeOf(schema)};`,
  );
  const sent = Object.entries({
    CreateTicketBody: tickets.createTicketBody,
    ListTicketsQuery: lists.listTicketsQuery,
  }).map(([name, schema]) => `export type ${name} = ${typeOf(schema, 'input')};`);
  return `${[
    ...read,
    ...sent,
    printCalls(),
    'export type AckError = ErrorBody & { ok: false };',
    mapOf('ClientEventInputs', events.clientEvents, (entry) => entry, 'input'),
    mapOf('ClientEventAcks', events.clientEventAcks, (entry) => entry),
    mapOf('ServerPayloads', events.serverEvents, ({ payload }) => payload),
    'export type ClientEventName = keyof ClientEventInputs;',
    'export type ClientEventInput<N extends ClientEventName> = ClientEventInputs[N];',
    'export type Ack<N extends ClientEventName> = ({ ok: true } & ClientEventAcks[N]) | AckError;',
    'export type ServerEvents = { [N in keyof ServerPayloads]: (payload: ServerPayloads[N]) => void };',
  ].join('\n\n')}\n`;
}
