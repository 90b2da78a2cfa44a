/**
 * What `npm start` and the image give node, and the bench to both programs. Requests and their answers live
 * for some milliseconds: with twice as much room for what is young (MiB of each of its two halves) most of
 * them are gone before V8 looks, and are not copied.
 */
export const nodeFlags = ['--max-semi-space-size=32'] as const;
