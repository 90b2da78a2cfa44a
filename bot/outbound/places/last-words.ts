import { Events } from 'discord.js';
import type { Bridge } from '../../bridge.ts';
import type { MirroredTicket } from '../../mirrored-tickets.ts';
import type { Outcome } from '../../rest/call-ends.ts';
import { describe } from '../../rest/discord-errors.ts';
import { compareIds } from '../../snowflakes.ts';
import { type Drained, keepAsides } from '../transcripts/asides.ts';
import { removeChannel } from './channels.ts';

/** The step that names the newest message whose words are kept. */
const UP_TO = 'parking-to:';
/** How long the gateway is waited for to say that a channel is gone, in milliseconds. */
const GATEWAY_MS = 2000;
/** What the gateway says of a channel, and of a post. */
const removals = [Events.ChannelDelete, Events.ThreadDelete] as const;

export const isKeptUpTo = (step: string) => step.startsWith(UP_TO);

/** What was said beside the log is kept where transcripts are. @returns why it cannot be */
export async function keepWords(
  bridge: Bridge,
  ticket: MirroredTicket,
  { asides }: Drained,
  name: 'parked' | 'moved',
): Promise<string | undefined> {
  const kept = ticket.mirror.steps.find((step) => step.startsWith(UP_TO));
  const since = kept?.slice(UP_TO.length) ?? '0';
  const fresh = asides.filter(({ id }) => compareIds(id, since) > 0);
  const newest = fresh.at(-1);
  if (!newest) return undefined;
  const { transcriptChannelId: channelId } = bridge.settings;
  if (!channelId) return 'there is no channel for what no log has';
  const what = `what its ${name === 'moved' ? 'post' : 'channel'} had beside the log when it was ${name}`;
  const failed = await keepAsides(bridge, ticket, fresh, {
    channelId,
    name,
    what,
    since,
  });
  if (failed) return describe(failed.error);
  const steps = [...ticket.mirror.steps.filter((step) => step !== kept), UP_TO + newest.id];
  await bridge.tickets.save(ticket, { steps, attempt: null });
  return undefined;
}

/**
 * Waits until the gateway says that a channel is gone: its events are in order, so that what was written
 * there at the last moment has been heard of by then.
 */
function listenForRemoval({ client }: Bridge, channelId: string) {
  let timer: NodeJS.Timeout | undefined;
  let heard: () => void = () => undefined;
  const gone = new Promise<void>((resolve) => {
    heard = resolve;
  });
  const listen = ({ id }: { id: string }) => id === channelId && heard();
  for (const event of removals) client.on(event, listen);
  return {
    wait(): Promise<void> {
      timer = setTimeout(heard, GATEWAY_MS).unref();
      return gone;
    },
    stop(): void {
      clearTimeout(timer);
      for (const event of removals) client.off(event, listen);
    },
  };
}

/** Removes a channel, or a post, and waits until all that was written in it has been heard of. */
export async function removeHeard(bridge: Bridge, channelId: string): Promise<Outcome<unknown>> {
  bridge.lease.require();
  const removal = listenForRemoval(bridge, channelId);
  try {
    const outcome = await removeChannel(bridge, channelId);
    if (outcome.end === 'done') await removal.wait();
    return outcome;
  } finally {
    removal.stop();
  }
}
