import { DiscordAPIError, Routes } from 'discord.js';
import type { Bridge } from '../bridge.ts';
import { code, hasCode } from './discord-errors.ts';

/** The ticket's post that a call was refused for because Discord has archived it meanwhile. */
function archivedPost({ tickets }: Pick<Bridge, 'tickets'>, error: unknown): string | undefined {
  if (!(error instanceof DiscordAPIError) || !hasCode(error, code.archived)) return undefined;
  const id = /\/channels\/(\d+)(?:\/|$)/.exec(error.url)?.[1];
  return id !== undefined && tickets.idOfChannel(id) ? id : undefined;
}

/**
 * Makes a call, and once more where it was about a ticket's post that Discord has archived for being quiet: a
 * message wakes it by itself, an edit, a mark or a pin does not.
 */
export async function inAwakePost<T>(
  bridge: Pick<Bridge, 'rest' | 'tickets'>,
  call: () => Promise<T>,
): Promise<T> {
  try {
    return await call();
  } catch (error) {
    const id = archivedPost(bridge, error);
    if (!id) throw error;
    await bridge.rest.patch(Routes.channel(id), { body: { archived: false } });
    return await call();
  }
}
