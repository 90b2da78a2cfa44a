/** The parts of Discord's API v10 this page looks at. */
export interface User {
  id: string;
  username: string;
  global_name?: string | null;
  bot?: boolean;
}

export interface Channel {
  id: string;
  type: number;
  name: string;
  position: number;
  parent_id?: string | null;
  thread_metadata?: { archived: boolean };
  topic?: string | null;
}

export interface Attachment {
  id: string;
  filename: string;
  size: number;
  url: string;
  content_type?: string;
}

export interface Embed {
  title?: string;
  description?: string;
  color?: number;
  url?: string;
  fields?: { name: string; value: string; inline?: boolean }[];
  footer?: { text: string };
}

export interface Component {
  type: number;
  custom_id?: string;
  label?: string;
  style?: number;
  disabled?: boolean;
  required?: boolean;
  max_length?: number;
  value?: string;
  /** Of a button that is a link. */
  url?: string;
  /** Of a menu. */
  placeholder?: string;
  options?: { label: string; value: string; description?: string; default?: boolean }[];
  component?: Component;
  components?: Component[];
}

export interface Reaction {
  emoji: { name: string };
  count: number;
  me: boolean;
}

export interface Message {
  id: string;
  channel_id: string;
  type: number;
  author: User;
  /** Of a webhook's message: its author's name is whatever the webhook says. */
  webhook_id?: string;
  content: string;
  timestamp: string;
  edited_timestamp: string | null;
  attachments: Attachment[];
  embeds: Embed[];
  components: Component[];
  reactions?: Reaction[];
  mentions: User[];
  flags: number;
  /** Of a reply: null where the message that is answered has gone. */
  referenced_message?: Message | null;
}

/** What a message's author is called. */
export const nameOf = ({ author }: Message): string => author.global_name ?? author.username;

export interface Modal {
  id: string;
  channel_id: string;
  custom_id: string;
  title: string;
  components: Component[];
}

export interface Choice {
  name: string;
  value: string | number;
}

/** An option of a command, or a part of one, which has options itself. */
export interface CommandOption {
  type: number;
  name: string;
  description: string;
  required?: boolean;
  autocomplete?: boolean;
  choices?: Choice[];
  options?: CommandOption[];
}

export interface Command {
  id: string;
  name: string;
  description: string;
  options?: CommandOption[];
}

/** An option as it is sent. */
export interface GivenOption {
  type: number;
  name: string;
  value?: string | number | boolean;
  focused?: true;
  options?: GivenOption[];
}

export const OptionType = { part: 1, text: 3, integer: 4, boolean: 5, user: 6 } as const;

export const ChannelType = {
  text: 0,
  category: 4,
  publicThread: 11,
  privateThread: 12,
  forum: 15,
} as const;
export const ComponentType = { row: 1, button: 2, menu: 3, text: 4 } as const;
export const EPHEMERAL = 1 << 6;
export const LOADING = 1 << 7;
