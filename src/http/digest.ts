import { readDigestSettings, setDigestTime } from '../domain/digest/settings.ts';
import type { Handlers } from './endpoint.ts';
import { noContent } from './reply.ts';

export const digestHandlers = {
  async getDigest({ ctx, actor }) {
    return { status: 200, body: await readDigestSettings(ctx, actor) };
  },
  async setDigest({ ctx, actor, body }) {
    return { status: 200, body: await setDigestTime(ctx, actor, body.at) };
  },
  async removeDigest({ ctx, actor }) {
    await setDigestTime(ctx, actor, null);
    return noContent;
  },
} satisfies Partial<Handlers>;
