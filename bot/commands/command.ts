import type {
  APIModalInteractionResponseCallbackData,
  AutocompleteInteraction,
  ChatInputCommandInteraction,
  MessageComponentInteraction,
  ModalSubmitInteraction,
  RESTPostAPIChatInputApplicationCommandsJSONBody,
} from 'discord.js';
import type { SupportRole } from '../../src/contract/tickets.ts';
import type { Actor } from '../../src/domain/access/actor.ts';
import type { Bridge } from '../bridge.ts';
import type { Row } from '../outbound/card/card.ts';

/** Where something may be used: in the channel of an open ticket, or anywhere in the guild. */
export type Scope = 'ticket' | 'guild';

/**
 * Who may use it, checked anew at every use: `operator` is whoever administers the guild, or has the
 * administrators' role; while no role has an id there is nobody else.
 */
export type Need = 'staff' | 'admin' | 'operator';

/** Who uses a command, a button or a form, and where. */
export interface GuildContext {
  bridge: Bridge;
  actor: Actor;
  /** The support roles they have in the guild. */
  skills: readonly SupportRole[];
  /** The ticket whose channel it is used in, where it is one's. */
  here: string | undefined;
}

export interface TicketContext extends GuildContext {
  ticketId: string;
  /** Set where it runs before all that was written in the channel could be read: why that was so. */
  unread: string | undefined;
}

export type ContextOf<S extends Scope> = S extends 'ticket' ? TicketContext : GuildContext;

/** What the one who asked is told, and nobody else: text, what may be pressed next, files. */
export type Told =
  | string
  | { content: string; components?: Row[]; files?: { name: string; data: Buffer }[] };

export type Modal = APIModalInteractionResponseCallbackData;

/** What commands, buttons, selections and forms have in common. */
interface Usable<S extends Scope> {
  scope: S;
  needs: Need;
  /** Runs after all that was written in the ticket's channel before it. */
  inOrder?: boolean;
}

/** A slash command: one module makes both its registration and its work. */
export interface CommandOf<S extends Scope> extends Usable<S> {
  data: RESTPostAPIChatInputApplicationCommandsJSONBody;
  autocomplete?(
    context: GuildContext,
    interaction: AutocompleteInteraction,
  ): Promise<{ name: string; value: string }[]>;
  /**
   * A form that is shown before anything else, for the subcommands that have one; what is sent with it is a
   * submission's. Nothing comes before it, so it has the three seconds that Discord gives.
   */
  form?(
    context: GuildContext,
    interaction: ChatInputCommandInteraction,
  ): Promise<Modal | undefined>;
  run(context: ContextOf<S>, interaction: ChatInputCommandInteraction): Promise<Told>;
}

export type Command = CommandOf<'ticket'> | CommandOf<'guild'>;

/** A button that opens a form. Discord takes a form as the first answer only, so nothing comes before it. */
export interface FormButton<S extends Scope = 'ticket'> extends Usable<S> {
  kind: 'form';
  /** The part of the `custom_id` before the first colon. */
  name: string;
  form(context: ContextOf<S>): Modal;
}

/** A button or selection that does something. */
export interface Action<S extends Scope> extends Usable<S> {
  kind: 'action';
  name: string;
  /** What it says takes the place of the message it was pressed on, where that was for these eyes alone. */
  inPlace?: boolean;
  /** @param args the parts of the `custom_id` after the first colon */
  run(
    context: ContextOf<S>,
    interaction: MessageComponentInteraction,
    args: readonly string[],
  ): Promise<Told>;
}

/** A form that was filled in. */
export interface Submission<S extends Scope> extends Usable<S> {
  kind: 'submission';
  name: string;
  run(
    context: ContextOf<S>,
    interaction: ModalSubmitInteraction,
    args: readonly string[],
  ): Promise<Told>;
}

/** What a `custom_id` leads to. State lives in the `custom_id`, so that a restart forgets nothing. */
export type Component =
  | FormButton
  | Action<'ticket'>
  | Action<'guild'>
  | Submission<'ticket'>
  | Submission<'guild'>;

/** A module of commands: what it is called by, and what its buttons and forms lead to. */
export interface CommandModule {
  command: Command;
  components?: readonly Component[];
}
