import { readFileSync, statSync } from 'node:fs';
import type { z } from 'zod';
import type { Variable } from './variables/kinds.ts';
import { type VariableName, variables } from './variables.ts';

type Name = VariableName;
/** The environment by its schema: every variable that is right, as its own type. */
export type Raw = { [N in Name]: z.output<(typeof variables)[N]['schema']> };

/** Thrown when the environment is wrong; `lines` has one line for each wrong variable. */
export class ConfigError extends Error {
  readonly lines: readonly string[];

  constructor(lines: readonly string[]) {
    super(`the configuration is wrong:\n${lines.map((line) => `  ${line}`).join('\n')}`);
    this.name = 'ConfigError';
    this.lines = lines;
  }
}

/** The one line that says what is wrong with a variable. A secret is never shown. */
export function describe(name: Name, got: string | undefined, why?: string): string {
  const { wants, example, secret } = variables[name] as Variable;
  const shown =
    got === undefined
      ? 'nothing'
      : secret
        ? `a value of ${got.length} characters`
        : JSON.stringify(got);
  return `${name}: got ${shown}${why ? ` (${why})` : ''}; wants ${wants}; for example ${example}`;
}

/** `NAME`, or for a secret the content of the file that `NAME_FILE` names. Empty counts as unset. */
export function readVariable(
  env: NodeJS.ProcessEnv,
  name: Name,
  problems: string[],
): string | undefined {
  const value = env[name]?.trim() || undefined;
  const file = env[`${name}_FILE`]?.trim();
  if (!file || !(variables[name] as Variable).secret) return value;
  if (value !== undefined) {
    problems.push(`${name}_FILE: ${name} is set too; set one of them`);
    return value;
  }
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    problems.push(
      `${name}_FILE: cannot read "${file}" (${reason}); wants a file that holds ${name}`,
    );
    return undefined;
  }
}

/** Why a value cannot be used, or which part of it has the wrong form. */
function problemOf(name: Name, value: string): string | undefined {
  if (/^<[@#][&!]?\d+>$/.test(value)) return 'a mention; write the number in it alone';
  if (/^<.*>$/s.test(value)) return 'still the placeholder';
  const variable = variables[name] as Variable;
  const isOfForm = variable.schema.safeParse(value).success;
  return isOfForm ? variable.problem?.(value) : variable.wrongPart?.(value);
}

/** Every variable by itself; `problems` has a line for each that is wrong. */
export function parseVariables(env: NodeJS.ProcessEnv): {
  raw: Raw;
  problems: string[];
  failed: Set<Name>;
} {
  const problems: string[] = [];
  const failed = new Set<Name>();
  const raw: Record<string, unknown> = {};
  for (const name of Object.keys(variables) as Name[]) {
    const got = readVariable(env, name, problems);
    const parsed = variables[name].schema.safeParse(got);
    const why = got && problemOf(name, got);
    if (parsed.success && !why) raw[name] = parsed.data;
    else {
      failed.add(name);
      problems.push(describe(name, got, why));
    }
  }
  return { raw: raw as Raw, problems, failed };
}

/**
 * The environment, completed from `.env` in the working directory where there is one.
 * @throws ConfigError where `.env` is there and is no file that can be read
 */
export function loadEnvironment(): NodeJS.ProcessEnv {
  try {
    process.loadEnvFile('.env');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT') {
      const why = statSync('.env', { throwIfNoEntry: false })?.isDirectory()
        ? 'a directory'
        : `something that cannot be read (${code})`;
      throw new ConfigError([
        `.env: got ${why}; wants a file of NAME=value lines, or none; see .env.example`,
      ]);
    }
  }
  return process.env;
}
