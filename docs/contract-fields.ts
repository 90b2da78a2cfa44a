import { readFileSync } from 'node:fs';

/** The fields of an object of the wire, out of the source of its type, so that the two cannot differ. */
export interface Field {
  name: string;
  optional: boolean;
  /** In words a reader of JSON knows: `string`, `integer`, `` `OPEN` `CLOSED` ``. */
  type: string;
  /** The comment above it, where it has one. */
  comment: string;
}

const sources = ['identity', 'tickets', 'messages'].map((name) =>
  readFileSync(new URL(`../src/contract/${name}.ts`, import.meta.url), 'utf8'),
);
const contract = sources.join('\n');

function firstMatch(pattern: string, what: string): string {
  const found = new RegExp(pattern).exec(contract)?.[1];
  if (found === undefined) throw new Error(`the contract has no ${what}`);
  return found;
}

/** The values of a type such as `'a' | 'b'`, or of one made from a list. */
function valuesOf(alias: string): string {
  const type = firstMatch(`export type ${alias} =([^;]+);`, `type ${alias}`);
  const list = /typeof (\w+)\)\[number\]/.exec(type)?.[1];
  const text = list ? firstMatch(`const ${list} = \\[([^\\]]+)\\]`, list) : type;
  return [...text.matchAll(/'([^']+)'/g)].map(([, value]) => `\`${value}\``).join(' ');
}

function typeName(type: string): string {
  if (type.endsWith('[]')) return `array of ${typeName(type.slice(0, -2))}`;
  if (type.includes(' | ')) return type.split(' | ').map(typeName).join(' or ');
  if (type === 'number') return 'integer';
  if (/^[a-z]+$/.test(type)) return type;
  return type.endsWith('View') ? type.replace('View', '').toLowerCase() : valuesOf(type);
}

export function fieldsOf(view: string): Field[] {
  const body = firstMatch(`export interface ${view} \\{\n([^}]+)\n\\}`, `interface ${view}`);
  const fields = /(?: {2}\/\*\* (.+) \*\/\n)? {2}(\w+)(\??): ([^;]+);/g;
  return [...body.matchAll(fields)].map(([, comment = '', name = '', mark, type = '']) => ({
    name,
    optional: mark === '?',
    type: typeName(type),
    comment,
  }));
}
