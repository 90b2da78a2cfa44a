/** What a partner may set, on the script tag (`data-token-url`) or in `SupportChat('init', {tokenUrl})`. */
export interface ChatOptions {
  /** An address of the partner's own site that answers `{"token": "…"}` for whoever is signed in. */
  tokenUrl?: string;
  /** The same as a function. */
  getToken?: () => Promise<string> | string;
  /** Where the server is, if not where the script came from. */
  url?: string;
  position?: 'right' | 'left';
  /** The brand's colour as `#rrggbb`; text on it and of it is kept readable. */
  color?: string;
  /** `auto`, `light` or `dark`. */
  theme?: 'auto' | 'light' | 'dark';
  /** `auto` follows the page's language, then the browser's. */
  locale?: string;
  title?: string;
  greeting?: string;
  intro?: string;
  /** Beside the icon on the button. */
  launcherText?: string;
  /** Address of a square picture. */
  logo?: string;
  hideLauncher?: boolean;
  zIndex?: number;
  /** False takes the paper clip away. */
  files?: boolean;
  /** Where the button leads when the chat cannot be loaded: `mailto:help@example.com`. */
  fallbackHref?: string;
  /** `page` fills the window and has no button. */
  mode?: 'widget' | 'page';
  /** What staff are told beside page, browser and language; false tells them nothing. */
  context?: Record<string, string> | false;
  /** Other words for any text of the chat, by its key. */
  strings?: Record<string, string>;
}

/** What listeners hear. */
export interface ChatEvents {
  ready: undefined;
  open: undefined;
  close: undefined;
  unread: { count: number };
  'message:sent': { ticketId: string; messageId: string };
  'message:received': { ticketId: string; messageId: string };
  'message:failed': { ticketId: string; reason: string };
  'ticket:created': { ticketId: string };
  'ticket:closed': { ticketId: string };
  connection: { state: string };
  'auth:required': undefined;
  error: { message: string };
}

/** What the small script that is always there gives the chat it loads. */
export interface ChatEnvironment {
  shadow: ShadowRoot;
  host: HTMLElement;
  /** The server. */
  url: string;
  options: ChatOptions;
  emit<N extends keyof ChatEvents>(name: N, detail?: ChatEvents[N]): void;
  onUnread(count: number): void;
  /** The panel has been opened or closed. */
  onToggle(isOpen: boolean): void;
}

/** The chat, once it is loaded. */
export interface ChatHandle {
  open(): void;
  close(): void;
  newTicket(draft?: string): void;
  openTicket(id: string): void;
  configure(options: Partial<ChatOptions>): void;
  refreshToken(): void;
  logout(): Promise<void>;
  destroy(): void;
}

export type StartChat = (environment: ChatEnvironment) => ChatHandle;
/** Rejects where the language cannot be loaded. */
export type PrepareChat = (options: ChatOptions) => Promise<StartChat>;

/** Set once the chat has been opened; nothing is stored on a visitor's machine before. */
export const USED_KEY = 'deskcord/used';
/** Set for this tab while the chat is open, so that another page of the site opens it again. */
export const OPEN_KEY = 'deskcord/open';
