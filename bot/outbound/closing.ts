import type { APIEmbed, APIMessage } from 'discord.js';
import { forgetPosts } from '../../src/domain/mirror/posts.ts';
import type { Bridge } from '../bridge.ts';
import { code, hasCode, MirrorProblem } from '../discord-errors.ts';
import { escapeName, neutralise, shorten, systemLine } from '../format.ts';
import type { MirroredTicket } from '../mirrored-tickets.ts';
import { deliver, hasText } from '../posting.ts';
import { keepLateWords } from './asides.ts';
import { removeChannel } from './channels.ts';
import { planTranscript } from './transcripts.ts';

type Step = (bridge: Bridge, ticket: MirroredTicket) => Promise<void>;

async function postClosingNotice(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror, ticket: data } = ticket;
  if (!mirror.channel_id) return;
  const reason = data.close_reason ? `: ${neutralise(shorten(data.close_reason, 500))}` : '';
  const content = systemLine(`The ticket is closed${reason}`);
  const posted = await deliver(bridge, ticket, {
    channelId: mirror.channel_id,
    key: `notice ${ticket.id}`,
    body: { content },
    isIt: (message) => hasText(message, content, 0),
  });
  await bridge.tickets.save(ticket, { last_post: posted ?? mirror.last_post });
}

function summary({ ticket }: MirroredTicket): APIEmbed {
  const at = (time: number | null) => (time === null ? '—' : `<t:${Math.floor(time / 1000)}:f>`);
  const field = (name: string, value: string) => ({ name, value, inline: true });
  return {
    title: shorten(`Ticket #${ticket.number}: ${escapeName(ticket.topic)}`, 256),
    fields: [
      field('Customer', escapeName(ticket.username)),
      field('Level', ticket.issue_level),
      field('Support role', ticket.support_role),
      field('Opened', at(ticket.created_at)),
      field('Closed', at(ticket.closed_at)),
      ...(ticket.close_reason
        ? [{ name: 'Reason', value: shorten(neutralise(ticket.close_reason), 1024), inline: false }]
        : []),
    ],
    footer: { text: `Ticket ${ticket.id}` },
  };
}

/** Posts the transcript where it is kept; nothing is removed before Discord has it. */
async function postTranscript(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { mirror } = ticket;
  const channelId = bridge.discord.transcriptChannelId;
  for (const [nth, files] of (await planTranscript(bridge, ticket)).entries()) {
    const embed = summary(ticket);
    const footer = { text: `${embed.footer?.text}${nth > 0 ? ` · ${nth + 1}` : ''}` };
    const key = `transcript ${ticket.id} ${nth}`;
    if (mirror.steps.includes(key)) continue;
    await deliver(bridge, ticket, {
      channelId,
      key,
      body: { embeds: [{ ...embed, footer }] },
      files,
      isIt: (message: APIMessage) => message.embeds[0]?.footer?.text === footer.text,
    }).catch((error: unknown) => {
      if (!hasCode(error, code.unknownChannel)) throw error;
      throw new MirrorProblem('the channel for transcripts does not exist', error);
    });
    await bridge.tickets.save(ticket, { steps: [...mirror.steps, key], attempt: null });
  }
}

async function dropChannel(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  const { channel_id } = ticket.mirror;
  if (!channel_id) return;
  await keepLateWords(bridge, ticket);
  await removeChannel(bridge, channel_id);
}

const steps: [string, Step][] = [
  ['notice', postClosingNotice],
  ['transcript', postTranscript],
  ['removed', dropChannel],
];

/** Says so in the channel, keeps the transcript, removes the channel: one stored step after another. */
export async function walkClosing(bridge: Bridge, ticket: MirroredTicket): Promise<void> {
  for (const [name, take] of steps) {
    if (ticket.mirror.steps.includes(name)) continue;
    if (bridge.ended) return;
    bridge.ctx.failpoint('before-close-step');
    await take(bridge, ticket);
    bridge.ctx.failpoint('after-close-step');
    await bridge.tickets.save(ticket, { steps: [...ticket.mirror.steps, name], attempt: null });
  }
  await forgetPosts(bridge.ctx, ticket.id);
  await bridge.tickets.save(ticket, { state: 'done', problem: null });
  bridge.tickets.forget(ticket);
}
