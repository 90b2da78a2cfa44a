import { type APIThreadChannel, ChannelType, Routes } from 'discord.js';
import { AppError } from '../../src/errors.ts';
import { NOTES_THREAD, notesThread } from '../inbound/threads.ts';
import { callDiscord } from '../rest/call-ends.ts';
import type { CommandModule, TicketContext } from './command.ts';
import { offered } from './options.ts';
import { inTicketTurn } from './ticket-turn.ts';

/** How long the gateway is waited for to tell of a thread that was opened. */
const LOOKS = 20;
const EVERY_MS = 50;

const refused = (what: string) =>
  new AppError('CONFLICT', `Discord does not let the bot ${what}; // and /note work all the same`);

/** The id of the ticket's private thread for notes, which is opened where there is none. */
async function openThread({ bridge, ticketId }: TicketContext): Promise<string> {
  const { client } = bridge;
  const channelId = bridge.tickets.channelOf(ticketId);
  const isPost = client.channels.cache.get(channelId ?? '')?.isThread();
  if (!channelId || isPost) throw refused('open a thread here');
  const known = notesThread(bridge, channelId);
  if (known) return known.id;
  const body = { name: NOTES_THREAD, type: ChannelType.PrivateThread, invitable: true };
  const opened = await callDiscord<APIThreadChannel>(bridge, 'open_thread', () =>
    bridge.rest.post(Routes.threads(channelId), { body }),
  );
  if (opened.end !== 'done') throw refused('open a private thread here');
  // The next one who asks is to find it.
  for (let look = 0; look < LOOKS && !notesThread(bridge, channelId); look++) {
    await new Promise((resolve) => setTimeout(resolve, EVERY_MS).unref());
  }
  return opened.value.id;
}

export const notes: CommandModule = {
  command: {
    scope: 'ticket',
    needs: 'staff',
    data: {
      ...offered,
      name: 'notes',
      description: 'A private thread in which everything is a note; you are let in',
    },
    async run(context) {
      const { bridge, actor } = context;
      const threadId = await inTicketTurn(context, () => openThread(context));
      const route = Routes.threadMembers(threadId, actor.id);
      const joined = await callDiscord(bridge, 'open_thread', () => bridge.rest.put(route));
      if (joined.end !== 'done') throw refused(`let you into <#${threadId}>`);
      return `<#${threadId}>: what is written there is a note, 📝, and stays inside.`;
    },
  },
};
