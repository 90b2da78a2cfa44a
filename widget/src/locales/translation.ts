import type { Strings } from './en.ts';

type Plural = 'zero' | 'two' | 'few' | 'many';
type Counted<K> = K extends `${infer Name}_other` ? `${Name}_${Plural}` : never;
/** A form that only some languages have. */
type One = Extract<keyof Strings, `${string}_one`>;

/** Every text in another language, with the plural forms it has. */
export type Translation = Omit<Strings, One> &
  Partial<Record<One | Counted<keyof Strings>, string>>;
