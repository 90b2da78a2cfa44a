import { ButtonStyle, ComponentType } from 'discord.js';
import {
  type CannedReplyView,
  cannedReplyBody,
  cannedReplySizes,
  changeCannedReplyBody,
} from '../../src/contract/canned-replies.ts';
import { parseInput } from '../../src/domain/access/parse.ts';
import {
  changeCannedReply,
  createCannedReply,
  deleteCannedReply,
  getCannedReply,
} from '../../src/domain/canned-replies/canned-replies.ts';
import { sendMessage } from '../../src/domain/messages/send.ts';
import { AppError } from '../../src/errors.ts';
import { escapeName, neutralise, shorten } from '../format.ts';
import { cannedForm, editForm, formInputs, newForm } from './canned-form.ts';
import { findReply, listReplies, offerReplies, textOf } from './canned-replies.ts';
import type { CommandModule, Component, GuildContext, Told } from './command.ts';
import { offered, subcommand, textOption } from './options.ts';
import { listed } from './ticket-lines.ts';

const sendButton = 'canned-send';
/** Of a text that is shown, and of one that is only named. */
const MAX_PREVIEW = 1700;
const MAX_HINT = 80;

const notHere = "This is not an open ticket's channel.";

/**
 * Says the words of a canned reply to the customer of this ticket, as whoever sends it.
 * @param use the interaction it is sent with: it is sent once
 */
async function send(context: GuildContext, id: string, use: string): Promise<string> {
  const { bridge, actor, here } = context;
  if (!here) return notHere;
  const content = textOf(await getCannedReply(bridge.ctx, actor, id, here));
  // Not a message of the channel, so not that kind of key: it is to be posted there.
  await sendMessage(bridge.ctx, actor, here, { content, client_id: `canned:${use}` });
  return 'The customer has it, in your name; it is posted here too.';
}

/** Shows what the customer would be sent, with the button that sends it. */
async function preview({ bridge, actor, here }: GuildContext, id: string): Promise<Told> {
  const reply = await getCannedReply(bridge.ctx, actor, id, here);
  const content = `**${escapeName(reply.name)}**\n${shorten(neutralise(textOf(reply)), MAX_PREVIEW)}`;
  if (!here) return content;
  const button = {
    type: ComponentType.Button as const,
    style: ButtonStyle.Primary as const,
    label: 'Send',
    custom_id: `${sendButton}:${here}:${id}`,
  };
  return { content, components: [{ type: ComponentType.ActionRow, components: [button] }] };
}

const line = ({ name, text, partner }: CannedReplyView) =>
  `**${escapeName(name)}**${partner ? ` (${escapeName(partner)})` : ''} · ${escapeName(shorten(text, MAX_HINT))}`;

async function list(context: GuildContext): Promise<string> {
  const { rows, total } = await listReplies(context, '');
  if (rows.length === 0) return 'There are no canned replies yet: /canned add makes one.';
  const more = total > rows.length ? [`… of ${total}`] : [];
  return listed([...rows.map(line), ...more]);
}

async function remove(context: GuildContext, reply: CannedReplyView): Promise<string> {
  await deleteCannedReply(context.bridge.ctx, context.actor, reply.id);
  return `The canned reply ${escapeName(reply.name)} is gone.`;
}

const nameOption = () =>
  textOption('name', 'Which one', {
    required: true,
    max: cannedReplySizes.name,
    autocomplete: true,
  });

const components: readonly Component[] = [
  {
    kind: 'action',
    name: sendButton,
    scope: 'ticket',
    needs: 'staff',
    inOrder: true,
    inPlace: true,
    run: (context, { id: use }, [, id = '']) => send(context, id, use),
  },
  {
    kind: 'submission',
    name: newForm,
    scope: 'guild',
    needs: 'staff',
    async run({ bridge, actor }, form) {
      const body = parseInput(cannedReplyBody, formInputs(form), 'body');
      const { name } = await createCannedReply(bridge.ctx, actor, body);
      return `The canned reply ${escapeName(name)} is there for everybody: /canned send.`;
    },
  },
  {
    kind: 'submission',
    name: editForm,
    scope: 'guild',
    needs: 'staff',
    async run({ bridge, actor }, form, [id = '']) {
      const body = parseInput(changeCannedReplyBody, formInputs(form), 'body');
      const { name } = await changeCannedReply(bridge.ctx, actor, id, body);
      return `The canned reply ${escapeName(name)} is changed, from its next use on.`;
    },
  },
];

export const canned: CommandModule = {
  command: {
    scope: 'guild',
    needs: 'staff',
    inOrder: true,
    data: {
      ...offered,
      name: 'canned',
      description: 'Canned replies, with {customer}, {ticket} and {staff} filled in',
      options: [
        subcommand('send', 'Send one to the customer of this ticket', [nameOption()]),
        subcommand('preview', 'See what it would say here', [nameOption()]),
        subcommand('list', 'Which ones there are'),
        subcommand('add', 'Make one'),
        subcommand('edit', 'Change one', [nameOption()]),
        subcommand('remove', 'Remove one; for administrators', [nameOption()]),
      ],
    },
    autocomplete: (context, interaction) => offerReplies(context, interaction.options.getFocused()),
    async form(context, { options }) {
      const which = options.getSubcommand();
      if (which === 'add') return cannedForm(newForm, 'A new canned reply');
      if (which !== 'edit') return undefined;
      const reply = await findReply(context, options.getString('name', true));
      // Cut, it would lose its end when it is saved.
      if (reply.text.length > cannedReplySizes.text) {
        throw new AppError('CONFLICT', 'the text is longer than a form takes: change it over REST');
      }
      return cannedForm(`${editForm}:${reply.id}`, 'Change a canned reply', reply);
    },
    async run(context, { id: use, options }) {
      const which = options.getSubcommand();
      if (which === 'list') return list(context);
      const reply = await findReply(context, options.getString('name', true));
      if (which === 'send') return send(context, reply.id, use);
      if (which === 'remove') return remove(context, reply);
      return preview(context, reply.id);
    },
  },
  components,
};
