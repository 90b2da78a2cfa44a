/** The directory of the checkout. */
export const root: string;
/** Compiles into `dist` when a source differs from what was compiled there last. */
export function ensureBuilt(): Promise<void>;
