import { ComponentType, type ModalSubmitInteraction, TextInputStyle } from 'discord.js';
import { type CannedReplyView, cannedReplySizes } from '../../src/contract/canned-replies.ts';
import type { Modal } from './command.ts';

export const newForm = 'canned-new';
export const editForm = 'canned-edit';

/** The form in which a canned reply is written; with what it says now, where it is changed. */
export function cannedForm(
  custom_id: string,
  title: string,
  now?: Pick<CannedReplyView, 'name' | 'text'>,
): Modal {
  return {
    custom_id,
    title,
    components: [
      {
        type: ComponentType.Label,
        label: 'Name',
        component: {
          type: ComponentType.TextInput,
          custom_id: 'name',
          style: TextInputStyle.Short,
          max_length: cannedReplySizes.name,
          required: true,
          ...(now && { value: now.name }),
        },
      },
      {
        type: ComponentType.Label,
        label: 'Text',
        description: '{customer}, {ticket} and {staff} are filled in',
        component: {
          type: ComponentType.TextInput,
          custom_id: 'text',
          style: TextInputStyle.Paragraph,
          max_length: cannedReplySizes.text,
          required: true,
          ...(now && { value: now.text }),
        },
      },
    ],
  };
}

/** What was written in the form. */
export function formInputs({ fields }: ModalSubmitInteraction): { name: string; text: string } {
  return { name: fields.getTextInputValue('name'), text: fields.getTextInputValue('text') };
}
