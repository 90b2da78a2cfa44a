import { dropAttachments, resolveAttachments } from './attachments.ts';
import type { Message } from './entities.ts';
import { mayPingAll, resolveMentions } from './mentions.ts';
import { checkEditable, checkSubstance, editedFlags, readComponents } from './message-parts.ts';
import { emitMessage } from './messages.ts';
import { checkMessageText } from './moderation.ts';
import { storedText } from './stored-text.ts';
import { unfurlLater } from './unfurl.ts';
import type { Upload } from './uploads.ts';
import type { EditedMessage } from './validation/messages.ts';
import type { World } from './world.ts';

/** Applies an edit. What the body leaves out stays. `adjust` runs on the result before anybody is told. */
export function editMessage(
  world: World,
  message: Message,
  body: EditedMessage,
  files: Upload[],
  adjust: () => void = () => {},
): void {
  const flags = body.flags == null ? message.flags : editedFlags(message.flags, body.flags);
  const content =
    body.content === undefined ? message.content : storedText(world.settings, body.content ?? '');
  const components =
    body.components === undefined ? message.components : readComponents(body.components, flags);
  const embeds = body.embeds === undefined ? message.embeds : (body.embeds ?? []);
  const keeps = body.attachments ? body.attachments.length : message.attachments.length;
  const holds = keeps + files.length + (message.sticker_ids?.length ?? 0) + (message.poll ? 1 : 0);
  // A known hole in Discord's own check: an edit of both at once may leave nothing.
  const slips = body.content !== undefined && body.attachments?.length === 0;
  checkSubstance(flags, content, { embeds }, components, slips ? 1 : holds);
  const channel = world.channels.get(message.channel_id);
  checkEditable(message, content);
  const hooked = message.webhook_name !== undefined;
  const said = [body.content, body.embeds, body.components];
  checkMessageText(world, channel, hooked ? undefined : message.author_id, said);
  const attachments = resolveAttachments(
    world,
    message.channel_id,
    message.attachments,
    body.attachments,
    files,
  );
  const gone = message.attachments.filter((a) => !attachments.includes(a));
  dropAttachments(world, message.channel_id, gone);
  const touched = Object.entries(body).some(
    ([key, value]) => key !== 'flags' && value !== undefined,
  );
  const pingsAll = channel !== undefined && mayPingAll(world, message.author_id, channel);
  const mentions = resolveMentions(world, content, body.allowed_mentions, pingsAll);
  Object.assign(message, { flags, content, components, embeds, attachments, ...mentions });
  if (touched) message.edited_timestamp = new Date().toISOString();
  adjust();
  emitMessage(world, 'MESSAGE_UPDATE', message);
  unfurlLater(world, message, () => emitMessage(world, 'MESSAGE_UPDATE', message));
}
