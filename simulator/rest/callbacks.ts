import type { Interaction } from '../app-entities.ts';
import { bodyOf, type Call, NO_CONTENT, ok, param, type Reply } from '../call.ts';
import { type Json, type Message, MessageFlag } from '../entities.ts';
import { ApiError, invalidField, invalidForm, refused, unknown } from '../errors.ts';
import { defer, respond } from '../interaction-messages.ts';
import { InteractionType, tellUser } from '../interactions.ts';
import { editMessage } from '../message-edit.ts';
import { renderMessage } from '../render-message.ts';
import { route } from '../router.ts';
import { checkChoices, choicesData, focusedType } from '../validation/choices.ts';
import { modal } from '../validation/components.ts';
import { anything, choice, type Field, integer, maybe, object } from '../validation/fields.ts';
import { editedMessage, webhookMessage } from '../validation/messages.ts';
import type { World } from '../world.ts';

const Answer = {
  message: 4,
  deferMessage: 5,
  deferUpdate: 6,
  update: 7,
  choices: 8,
  modal: 9,
} as const;

const outer = object({ type: choice(1, 4, 5, 6, 7, 8, 9), data: maybe(anything) });
const deferData = object({ flags: maybe(integer()) });

/** The application's first answer to an interaction: within its time, and only once. */
function answerInteraction(call: Call): Reply {
  const { world, query } = call;
  const interaction = world.interactions.get(param(call, 'interaction'));
  if (!interaction || interaction.token !== param(call, 'token')) throw unknown('interaction');
  if (interaction.state === 'failed') throw unknown('interaction');
  if (interaction.state === 'answered') {
    throw refused(40060, 'Interaction has already been acknowledged.');
  }
  const { type } = bodyOf(call, outer);
  checkFits(interaction, type);
  const message = underData(() => act(call, interaction, type));
  interaction.state = 'answered';
  interaction.response = { type, data: (call.body as Json).data ?? null };
  if (message) {
    interaction.response_message_id = message.id;
    if (type === Answer.message || type === Answer.deferMessage)
      interaction.message_ids.push(message.id);
  }
  if (query.get('with_response') !== 'true') return NO_CONTENT;
  return ok(renderAnswer(world, interaction, type, message));
}

/** Updates belong to components and modals opened from one, choices to autocompletion, modals not to modals. */
function checkFits(interaction: Interaction, type: number): void {
  const isUpdate = type === Answer.deferUpdate || type === Answer.update;
  const hasMessage = interaction.message_id !== undefined;
  const completes = interaction.type === InteractionType.autocomplete;
  const fits =
    completes === (type === Answer.choices) &&
    (!isUpdate || hasMessage) &&
    (type !== Answer.modal || interaction.type !== InteractionType.modal) &&
    type !== 1;
  if (fits) return;
  throw invalidField(
    ['type'],
    'INTERACTION_CALLBACK_INVALID_TYPE',
    'This callback type is not valid for the interaction',
  );
}

/** Runs something whose field errors concern `data`, and puts them there. */
function underData<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const errors = error instanceof ApiError && error.code === 50035 ? error.errors : undefined;
    if (typeof errors !== 'object' || errors === null || 'data' in errors) throw error;
    throw invalidForm({ data: errors });
  }
}

function act(call: Call, interaction: Interaction, type: number): Message | undefined {
  const { world } = call;
  const channel = world.channels.get(interaction.channel_id);
  const app = world.users.get(world.application.id);
  if (!channel || !app) throw unknown('channel');
  switch (type) {
    case Answer.choices:
      completeInput(call, interaction);
      return undefined;
    case Answer.modal:
      showModal(call, interaction);
      return undefined;
    case Answer.message: {
      const body = dataOf(call, webhookMessage);
      const made = respond(world, interaction, channel, app, body, call.files);
      tellUser(world, interaction, 'INTERACTION_SUCCESS');
      return made;
    }
    case Answer.deferMessage:
      return defer(world, interaction, channel, app, dataOf(call, deferData).flags ?? 0);
    default: {
      const message = world.message(channel.id, interaction.message_id ?? '');
      if (type === Answer.update && message) {
        editMessage(world, message, dataOf(call, editedMessage), call.files);
      }
      tellUser(world, interaction, 'INTERACTION_SUCCESS');
      return message;
    }
  }
}

/** The callback's `data`, read by a schema. */
function dataOf<T>(call: Call, field: Field<T>): T {
  return bodyOf({ ...call, body: (call.body as Json).data }, field);
}

function completeInput(call: Call, interaction: Interaction): void {
  const { choices } = dataOf(call, choicesData);
  checkChoices(choices, focusedType(interaction.data.options));
  tellUser(call.world, interaction, 'APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE', { choices });
}

function showModal(call: Call, interaction: Interaction): void {
  const { world } = call;
  const read = dataOf(call, modal);
  interaction.modal = read;
  tellUser(world, interaction, 'INTERACTION_MODAL_CREATE', {
    channel_id: interaction.channel_id,
    application: { id: world.application.id, name: world.application.name },
    ...read,
  });
  tellUser(world, interaction, 'INTERACTION_SUCCESS');
}

function renderAnswer(
  world: World,
  interaction: Interaction,
  type: number,
  message: Message | undefined,
): Json {
  const flags = message?.flags ?? 0;
  return {
    interaction: {
      id: interaction.id,
      type: interaction.type,
      ...(message
        ? {
            response_message_id: message.id,
            response_message_loading: (flags & MessageFlag.loading) !== 0,
            response_message_ephemeral: (flags & MessageFlag.ephemeral) !== 0,
          }
        : {}),
    },
    resource: { type, ...(message ? { message: renderMessage(world, message) } : {}) },
  };
}

export const callbackRoutes = [
  route('POST', '/interactions/:interaction/:token/callback', answerInteraction, { open: true }),
];
