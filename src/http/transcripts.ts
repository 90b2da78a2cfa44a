import { encodeExtended } from 'content-disposition';
import { takeSlot } from '../domain/long-answers.ts';
import { openTranscript } from '../domain/transcript/transcript.ts';
import type { Handlers } from './endpoint.ts';

export const transcriptHandlers = {
  async getTranscript({ ctx, actor, params, query }) {
    const { name, parts } = await openTranscript(ctx, actor, params.ticketId, query);
    const done = takeSlot(ctx, actor.key);
    const headers = {
      'Content-Disposition': `attachment; filename*=${encodeExtended(name)}`,
      'Content-Security-Policy':
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox",
    };
    return { status: 200, body: undefined, headers, page: parts, done };
  },
} satisfies Partial<Handlers>;
