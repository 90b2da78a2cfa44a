import type { Handler } from './call.ts';
import { ApiError, invalidField } from './errors.ts';
import type { Limit } from './rate-limits.ts';
import { isSnowflake } from './snowflake.ts';

export interface Route {
  method: string;
  /** Path with `:names`; those of `FREE` hold any text, all others a snowflake. */
  path: string;
  handler: Handler;
  limit: Limit;
  /** Needs no token: the path carries one. */
  open: boolean;
}

interface Options {
  limit?: Limit;
  open?: boolean;
}

const FREE = new Set(['token', 'emoji', 'original']);
const DEFAULT_LIMIT: Limit = [10, 10];

/** Declares a route. */
export function route(
  method: string,
  path: string,
  handler: Handler,
  options: Options = {},
): Route {
  const { limit = DEFAULT_LIMIT, open = false } = options;
  return { method, path, handler, limit, open };
}

interface Found {
  route: Route;
  params: Record<string, string>;
}

/** Finds the route of a path; 404 when there is none, 405 when only the method is wrong. */
export class Router {
  private readonly routes: { route: Route; parts: string[] }[];

  constructor(routes: Route[]) {
    this.routes = routes.map((one) => ({ route: one, parts: one.path.split('/') }));
  }

  find(method: string, path: string): Found {
    const parts = path.replace(/\/$/, '').split('/');
    let known = false;
    for (const { route: one, parts: pattern } of this.routes) {
      const params = match(pattern, parts);
      if (!params) continue;
      known = true;
      if (one.method === method) return { route: one, params: checked(params) };
    }
    if (known) throw new ApiError(405, 0, '405: Method Not Allowed');
    throw new ApiError(404, 0, '404: Not Found');
  }
}

function match(pattern: string[], parts: string[]): Record<string, string> | undefined {
  if (pattern.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (let i = 0; i < parts.length; i += 1) {
    const wanted = pattern[i] ?? '';
    const part = parts[i] ?? '';
    if (wanted.startsWith(':')) {
      // "@me" and "@original" have routes of their own.
      if (part === '' || (part.startsWith('@') && !FREE.has(wanted.slice(1)))) return undefined;
      params[wanted.slice(1)] = part;
    } else if (wanted !== part) return undefined;
  }
  return params;
}

function checked(params: Record<string, string>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) {
    if (FREE.has(name)) out[name] = decode(value);
    else if (isSnowflake(value)) out[name] = value;
    else {
      const message = `Value "${decode(value)}" is not snowflake.`;
      throw invalidField([`${name}_id`], 'NUMBER_TYPE_COERCE', message);
    }
  }
  return out;
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
