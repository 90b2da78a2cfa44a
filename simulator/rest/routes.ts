import type { Route } from '../router.ts';
import { callbackRoutes } from './callbacks.ts';
import { channelRoutes } from './channels.ts';
import { commandRoutes } from './commands.ts';
import { guildRoutes } from './guilds.ts';
import { identityRoutes } from './identity.ts';
import { interactionRoutes } from './interactions.ts';
import { leavingRoutes } from './leaving.ts';
import { memberRoutes } from './members.ts';
import { messageKindRoutes } from './message-kinds.ts';
import { messageRoutes } from './messages.ts';
import { newMessageRoutes } from './new-message.ts';
import { overwriteRoutes } from './overwrites.ts';
import { pinRoutes } from './pins.ts';
import { reactionRoutes } from './reactions.ts';
import { relationshipRoutes } from './relationships.ts';
import { roleRoutes } from './roles.ts';
import { threadRoutes } from './threads.ts';
import { webhookMessageRoutes } from './webhook-messages.ts';
import { webhookRoutes } from './webhooks.ts';

/** Every route of the API. Fixed names stand before the ids they could be taken for. */
export const ROUTES: Route[] = [
  ...identityRoutes,
  ...relationshipRoutes,
  ...guildRoutes,
  ...memberRoutes,
  ...leavingRoutes,
  ...roleRoutes,
  ...channelRoutes,
  ...overwriteRoutes,
  ...pinRoutes,
  ...messageRoutes,
  ...newMessageRoutes,
  ...messageKindRoutes,
  ...reactionRoutes,
  ...threadRoutes,
  ...webhookRoutes,
  ...webhookMessageRoutes,
  ...commandRoutes,
  ...interactionRoutes,
  ...callbackRoutes,
];
